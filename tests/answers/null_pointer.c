/* null_pointer: a field of a structure that is not there. */
#include "answers.h"

struct node {
	char payload[40];
	int value;
};

int main(int argc, char **argv)
{
	struct node *volatile node = argc > 100 ? (struct node *)argv : NULL;

	return node->value;
}
