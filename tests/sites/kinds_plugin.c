/*
 * kinds_plugin: an object with segments large enough to be met alone.
 */
extern char kinds_bss[200000], kinds_data[5000];
void kinds_text(void);

char kinds_bss[200000];
char kinds_data[5000] = { 1 };

void kinds_text(void)
{
}
