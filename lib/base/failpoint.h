/* failpoint - named places where a test makes a program die, stop or fail.
 *
 * The shipped programs have none: without ASG_FAILPOINTS the macros are nothing. The
 * programs in <build>/failpoints are the same sources with them (cmake/failpoints.cmake);
 * `PROGRAM --list-failpoints` names those it has, tests/chaos hits every one.
 *
 * ASG_FAILPOINT in the environment arms points: "NAME:ACTION[@N]", several with commas.
 * ACTION is kill (SIGKILL to oneself), stop (SIGSTOP to oneself) or error (the step
 * fails; only where the list says so); it strikes at the N-th pass after the start, 1
 * unless said, and once. ASG_FAILPOINT_FILE names a file with one such line, looked for
 * at every pass: whoever strikes by it takes it away and leaves FILE.fired ("PID NAME
 * ACTION"), so that of several processes exactly one is struck, and a restarted one
 * lives.
 *
 * Any thread. A wrong text is told on standard error and ends the program with status 2.
 */
#ifndef ASG_BASE_FAILPOINT_H
#define ASG_BASE_FAILPOINT_H

#include <stdbool.h>

struct asg_failpoint_site {
    const char *name; /* PART.MOMENT, as log.before_commit */
    bool can_fail;    /* knows the action error */
};

/* One pass; true when the step has to fail. May not return. */
bool asg_failpoint_pass(const struct asg_failpoint_site *site);

/* When argv asks for the list: print the points that are linked into this program, one a
 * line, "NAME kill stop[ error]", and answer true. */
bool asg_failpoint_list(int argc, char **argv);

#ifdef ASG_FAILPOINTS
#define ASG_FAILPOINT_AT(name_text, fails)                                               \
    (__extension__({                                                                     \
        static const struct asg_failpoint_site failpoint_site                            \
            __attribute__((section("asg_failpoints"), used)) = {name_text, fails};       \
        asg_failpoint_pass(&failpoint_site);                                             \
    }))
#define ASG_FAILPOINT(name)            (void)ASG_FAILPOINT_AT(name, false)
#define ASG_FAILPOINT_FAILS(name)      ASG_FAILPOINT_AT(name, true)
#define ASG_FAILPOINT_MAIN(argc, argv) asg_failpoint_list(argc, argv)
#else
#define ASG_FAILPOINT(name)            (void)0
#define ASG_FAILPOINT_FAILS(name)      false
#define ASG_FAILPOINT_MAIN(argc, argv) false
#endif

#endif
