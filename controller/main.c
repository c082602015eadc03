/* openasg-controller: its parts list. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/failpoint.h"
#include "base/hide_process.h"
#include "base/log.h"
#include "base/notify.h"
#include "controller/controller.h"
#include "controller/parts.h"

static atomic_bool stop;
static atomic_bool reload;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    atomic_store(&stop, true);
}

static void ask_to_reload(int signal_number)
{
    (void)signal_number;
    atomic_store(&reload, true);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = ask_to_reload;
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, no death */
}

/* Keys and join secrets are in this process. As many sockets as the hard limit allows:
 * each agent is one. */
static void harden(void)
{
    asg_hide_process();
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    if (ASG_FAILPOINT_MAIN(argc, argv)) return 0;
    struct asg_arena arena = {0};
    struct asg_controller_settings settings = {0};
    struct asg_error error = {""};
    enum asg_config_act act = ASG_CONFIG_RUN;
    enum asg_status status = asg_config_load(&asg_controller_table, argc, argv, &arena,
                                             &settings, &act, &error);
    if (status != ASG_OK) {
        (void)fprintf(stderr, "openasg-controller: %s\n", error.text);
        asg_arena_clear(&arena);
        return 2;
    }
    if (act != ASG_CONFIG_RUN) {
        int code = act == ASG_CONFIG_CHECK
                       ? asg_config_check(&asg_controller_table, argc, argv, &arena,
                                          &settings, asg_controller_check_settings)
                       : 0;
        asg_arena_clear(&arena);
        return code;
    }
    asg_log_init("controller", (enum asg_log_level)settings.log_level);
    (void)asg_log_set_format((enum asg_log_format)settings.log_format, NULL);
    asg_controller_fill_settings(&settings, &arena);
    asg_notify_open();
    catch_signals();
    harden();
    struct asg_controller *controller = NULL;
    status = asg_controller_new(&settings, asg_clock_real(), &controller, &error);
    if (status != ASG_OK) {
        asg_log_error("controller", "cannot_start", "%s", error.text);
        asg_arena_clear(&arena);
        return 1;
    }
    asg_notify_ready("started");
    asg_controller_run(controller, &stop, &reload);
    asg_notify_stopping();
    asg_controller_destroy(&controller);
    asg_notify_close();
    asg_arena_clear(&arena);
    return 0;
}
