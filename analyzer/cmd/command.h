/*
 * command.h: what every command is to main.c: a row of the table, a function, an exit status.
 */
#ifndef VMATRACE_CMD_COMMAND_H
#define VMATRACE_CMD_COMMAND_H

/* Exit statuses of vmatrace (README "Exit status"). record adds 125, 126, 127 and CMD's own. */
enum exit_status {
	STATUS_FINE = 0,
	STATUS_FINDINGS = 1, /* check, verify, leaks --fail */
	STATUS_USAGE = 2,
	STATUS_TRACE = 3, /* a trace that is missing, unreadable or too incomplete to say */
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	const char *operands;              /* as --help prints them */
	const char *summary;
	const char *details; /* more lines for its --help, each ended; may be NULL */
};

/* The command's row, NULL: no such command. The table is main.c's. */
const struct command *command_named(const char *name);

int cmd_record(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_timeline(int argc, char **argv);
int cmd_maps(int argc, char **argv);
int cmd_mm(int argc, char **argv);
int cmd_budget(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_protections(int argc, char **argv);
int cmd_shared(int argc, char **argv);
int cmd_sites(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_check(int argc, char **argv);

#endif
