/* scenario - a file in an operator's words (docs/scenarios.md), statement by statement.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define LINES_MAX  200
#define LINE_BYTES 160
#define STEP_US    (SIM_SECOND / 10)
#define PROOF_US   (2 * SIM_MINUTE) /* how long a picture may take to be the final one */

static struct {
    char lines[LINES_MAX][LINE_BYTES];
    size_t count;
    size_t at;
    int64_t wait_until_us; /* of the statement under way; 0: it is new */
    int64_t first_milli;   /* the load at the start */
} script;

static void wrong(const char *what)
{
    sim_break("scenario", "line \"%s\": %s", script.lines[script.at], what);
}

void sim_scenario_load(const char *path)
{
    memset(&script, 0, sizeof script);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "openasg-sim: cannot read %s\n", path);
        exit(2);
    }
    char line[LINE_BYTES];
    while (script.count < LINES_MAX && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "#\n")] = '\0';
        size_t length = strlen(line);
        while (length > 0 && line[length - 1] == ' ')
            line[--length] = '\0';
        if (length > 0) memcpy(script.lines[script.count++], line, length + 1);
    }
    (void)fclose(file);
}

/* The groups must be there when the world is made. */
void sim_scenario_groups(void)
{
    our->group_count = 0;
    for (size_t i = 0; i < script.count && our->group_count < SIM_GROUPS_MAX; i++) {
        struct sim_group *group = &our->groups[our->group_count];
        char name[32];
        unsigned min = 0;
        unsigned max = 0;
        unsigned target = 0;
        if (sscanf(script.lines[i], "group %31s min %u max %u target %u %%", name, &min,
                   &max, &target) != 4) {
            continue;
        }
        our->group_count++;
        *group = (struct sim_group){.min = min,
                                    .max = max,
                                    .meant_min = min,
                                    .meant_max = max,
                                    .evaluation_ms = 5000,
                                    .stabilisation_ms = 60000,
                                    .target_milli = (int64_t)target * 1000};
        memcpy(group->name, name, sizeof group->name);
    }
}

/* ---- statements; false: not done yet ---- */

static int64_t time_us(double number, char unit)
{
    return (int64_t)(number * 1e6) * (unit == 'm' ? 60 : 1);
}

static uint32_t in_service(const char *name)
{
    struct asg_arena arena = {0};
    struct asg_group_view *groups = NULL;
    size_t count = 0;
    uint32_t ret = 0;
    if (our->controller == NULL || our->controller->commit == NULL) return UINT32_MAX;
    asg_core_view_groups(asg_commit_core(our->controller->commit), name, &arena, &groups,
                         &count);
    if (count == 1) ret = groups[0].in_service;
    asg_arena_clear(&arena);
    return ret;
}

static bool wait_for(const char *line)
{
    char name[32];
    char bound[16] = "";
    unsigned wanted = 0;
    double number = 0;
    char unit = 's';
    bool is_exact = sscanf(line, "wait until %31s has %u in_service within %lf%c", name,
                           &wanted, &number, &unit) == 4;
    if (!is_exact &&
        sscanf(line, "wait until %31s has at %15s %u in_service within %lf%c", name,
               bound, &wanted, &number, &unit) != 5) {
        wrong("not understood");
        return true;
    }
    if (script.wait_until_us == 0) {
        script.wait_until_us = sim.now_us + time_us(number, unit);
    }
    uint32_t there = in_service(name);
    bool is_so = strcmp(bound, "least") == 0  ? there != UINT32_MAX && there >= wanted
                 : strcmp(bound, "most") == 0 ? there <= wanted
                                              : there == wanted;
    if (!is_so && sim.now_us > script.wait_until_us) wrong("not so in time");
    return is_so;
}

static void set_load(double number, bool is_percent)
{
    int64_t milli = (int64_t)(number * 1000);
    if (is_percent) milli = script.first_milli * (int64_t)number / 100;
    if (script.first_milli == 0) script.first_milli = milli;
    our->groups[0].steady_milli = milli;
}

static struct sim_instance *nth_of(const char *name, unsigned nth)
{
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        bool is_ours = instance->is_alive && instance->group != NULL &&
                       strcmp(instance->group->name, name) == 0;
        if (is_ours && --nth == 0) return instance;
    }
    return NULL;
}

static bool strike_process(const char *line)
{
    char name[32];
    unsigned no = 0;
    struct sim_instance *instance = NULL;
    if (strcmp(line, "kill controller") == 0) {
        sim_stop_controller(true);
    } else if (strcmp(line, "restart controller") == 0) {
        sim_stop_controller(false);
    } else if (sscanf(line, "kill agent of %31s %u", name, &no) == 2) {
        instance = nth_of(name, no);
        if (instance != NULL) sim_stop_agent(instance);
    } else if (sscanf(line, "kill instance of %31s %u", name, &no) == 2) {
        instance = nth_of(name, no);
        if (instance != NULL) sim_world_kill(instance);
    } else {
        char verb[16];
        if (sscanf(line, "%15s worker %u", verb, &no) != 2 || no < 1 ||
            no > our->worker_count) {
            return false;
        }
        struct sim_worker *worker = &our->workers[no - 1];
        if (strcmp(verb, "kill") == 0) sim_stop_worker(no - 1);
        if (strcmp(verb, "stop") == 0) worker->process.paused_until_us = SIM_FAR / 2;
        if (strcmp(verb, "continue") == 0) {
            worker->process.paused_until_us = 0;
            sim_wish(&worker->process.turn, sim.now_us, SIM_EVENT_WORKER, no - 1);
        }
        if (strcmp(verb, "cut") == 0) worker->is_cut = true;
        if (strcmp(verb, "join") == 0) worker->is_cut = false;
    }
    return true;
}

static bool strike_ec2(const char *line)
{
    double number = 0;
    char unit = 's';
    char zone[32];
    if (sscanf(line, "ec2 throttles for %lf%c", &number, &unit) == 2) {
        sim.throttled_until_us = sim.now_us + time_us(number, unit);
    } else if (sscanf(line, "ec2 fails for %lf%c", &number, &unit) == 2) {
        sim.failing_until_us = sim.now_us + time_us(number, unit);
    } else if (sscanf(line, "ec2 loses answers for %lf%c", &number, &unit) == 2) {
        sim.losing_until_us = sim.now_us + time_us(number, unit);
    } else if (sscanf(line, "ec2 has no capacity in %31s for %lf%c", zone, &number,
                      &unit) == 3) {
        const struct asg_world_zone *zones = asg_world_zones(sim.world);
        for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
            if (strcmp(zones[i].name, zone) == 0) {
                sim.dry_until_us[i] = sim.now_us + time_us(number, unit);
            }
        }
    } else {
        return false;
    }
    return true;
}

/* What is missing; NULL: it is so. */
static const char *missing_of(const char *line)
{
    char name[32];
    unsigned low = 0;
    unsigned high = 0;
    /* That no launch happened twice is a law of every run. */
    if (strcmp(line, "expect no launch twice") == 0) return NULL;
    if (strcmp(line, "expect no orphan") == 0) return law_no_orphan();
    if (sscanf(line, "expect %31s between %u and %u", name, &low, &high) != 3) {
        return "not understood";
    }
    const struct sim_group *group = sim_find_group(our, name);
    bool is_so = group != NULL && group->alive >= low && group->alive <= high;
    return is_so ? NULL : "not so";
}

static bool expect(const char *line)
{
    const char *missing = missing_of(line);
    if (missing == NULL) return true;
    if (script.wait_until_us == 0) script.wait_until_us = sim.now_us + PROOF_US;
    if (sim.now_us > script.wait_until_us) wrong(missing);
    return false;
}

/* True when the statement is done. */
static bool execute(const char *line)
{
    double number = 0;
    char unit = 's';
    int used = 0;
    if (sscanf(line, "at %lf%c %n", &number, &unit, &used) >= 2 && used > 0) {
        return sim.now_us >= time_us(number, unit) && execute(line + used);
    }
    if (strncmp(line, "wait until ", 11) == 0) return wait_for(line);
    if (sscanf(line, "wait %lf%c", &number, &unit) == 2) {
        if (script.wait_until_us == 0) {
            script.wait_until_us = sim.now_us + time_us(number, unit);
        }
        return sim.now_us >= script.wait_until_us;
    }
    if (strncmp(line, "group ", 6) == 0) return true;
    char word[16];
    if (sscanf(line, "load %lf %15s", &number, word) == 2) {
        set_load(number, word[0] == '%');
        return true;
    }
    if (strncmp(line, "expect ", 7) == 0) return expect(line);
    if (strike_process(line) || strike_ec2(line)) return true;
    wrong("not understood");
    return true;
}

void sim_scenario_step(void)
{
    while (script.at < script.count && !sim.is_broken) {
        if (!execute(script.lines[script.at])) {
            sim_put(sim.now_us + STEP_US, SIM_EVENT_LOOK, 0, 0, NULL);
            return;
        }
        if (sim.is_broken) return;
        sim_tell("scenario", "%s", script.lines[script.at]);
        script.wait_until_us = 0;
        script.at++;
    }
    sim.is_over = true;
}
