/*
 * policy_default.c: the policy in force when none is given, as the file that it would be. It is read by the
 * same reader, so it can not say what that does not take.
 */
#include "policy_file.h"

/* A line here is a line of the file. */
/* clang-format off */
static const char text[] =
	"# vmatrace's default policy. A copy to change: vmatrace check --print-policy > vmatrace.yml\n"
	"# What each rule means and what to do about a finding: vmatrace check --list-rules\n"
	"version: 1\n"
	"\n"
	"# A trace that lost events, or was recorded by wrappers only, proves nothing:\n"
	"# fail (exit 3), warn, or ignore.\n"
	"incomplete: fail\n"
	"\n"
	"# level: error (exit 1), warning (exit 0), off. A rule that is not named is off.\n"
	"rules:\n"
	"  wx-mapping:      {level: error}    # writable and executable at once; a JIT needs an allow entry\n"
	"  write-then-exec: {level: warning}  # once writable, now executable\n"
	"  max-vmas:        {level: error, limit: 32000}      # most kernels' own limit is 65530\n"
	"  max-mapped:      {level: off, limit: 2GiB}         # only the project knows what is much\n"
	"  leaked-mapping:  {level: warning, at_least: 1MiB}  # mapped and never unmapped\n"
	"  leaked-shm:      {level: error}    # shm_open(O_CREAT) never unlinked\n"
	"  shm-mode:        {level: warning, max_mode: \"0600\"}\n"
	"  fixed-clobber:   {level: error}    # MAP_FIXED over live memory of another call site\n"
	"  failed-call:     {level: warning}\n"
	"  churn:           {level: warning, calls_per_second: 10000}  # of one call site\n"
	"  unexplained:     {level: warning}  # a change that no recorded call made\n"
	"  new-call-site:   {level: warning}  # with --baseline: not there when it was written\n"
	"  # One entry, or a list of them; the globs are those of the frames that led to the call.\n"
	"  # forbidden-call: {level: error, call: mprotect, module: \"lib*\", function: \"*\"}\n"
	"\n"
	"# An entry allows a finding if one frame of its stack matches all globs of the entry (module,\n"
	"# function, file). An entry that allowed nothing is reported.\n"
	"allow: []\n"
	"#  - {rule: wx-mapping, module: \"libjit*\", function: \"jit_*\", reason: \"code cache\"}\n";
/* clang-format on */

const char *policy_default_text(void)
{
	return text;
}
