/* wx_page: a page is writable and executable at once; another one becomes executable after it was written. */
#include "answers.h"

static char *code_new(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS, -1, 0); /* guilty */
}

static void finish_code(char *code)
{
	mprotect(code, PAGE, PROT_READ | PROT_EXEC);
}

int main(void)
{
	char *code = code_new();
	char *late = map(PAGE);

	code[0] = late[0] = (char)0xc3;
	finish_code(late);
	return 0;
}
