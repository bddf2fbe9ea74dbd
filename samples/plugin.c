/*
 * plugin: what the sample `libraries` loads. It has text, constants and data, so that each kind
 * of segment is there.
 */
int plugin_answer(void);

static const int constant[1024] = { [7] = 40 };
static int data[2048] = { [9] = 1 };

int plugin_answer(void)
{
	data[9]++;
	return constant[7] + data[9];
}
