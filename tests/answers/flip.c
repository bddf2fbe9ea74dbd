/* flip: a page is made writable for each update of it, and read-only again. */
#include "answers.h"

static void open_page(char *page)
{
	mprotect(page, PAGE, PROT_READ | PROT_WRITE); /* guilty */
}

static void close_page(char *page)
{
	mprotect(page, PAGE, PROT_READ);
}

int main(void)
{
	char *page = map(PAGE);

	close_page(page);
	for (int i = 0; i < 100; i++) {
		open_page(page);
		page[0] = (char)i;
		close_page(page);
	}
	return 0;
}
