#include "fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "shapes.h"

#define BIAS_PERMILLE  40  /* of a machine's share, either way, for ever */
#define NOISE_PERMILLE 150 /* either way, each second anew */
#define FULL_MILLI     100000

static void add(struct fleet *fleet, int64_t launched_ms, int64_t serving_ms,
                bool is_serving)
{
    if (fleet->count == fleet->capacity) {
        fleet->capacity = fleet->capacity == 0 ? 64 : fleet->capacity * 2;
        fleet->machines =
            asg_realloc(fleet->machines, fleet->capacity, sizeof *fleet->machines);
    }
    uint64_t mine = ++fleet->last_no * 7919;
    fleet->machines[fleet->count++] =
        (struct machine){.no = fleet->last_no,
                         .launched_ms = launched_ms,
                         .serving_ms = serving_ms,
                         .is_serving = is_serving,
                         .bias_milli = (int32_t)draw_around(&mine, BIAS_PERMILLE)};
    if (is_serving) fleet->serving++;
}

void fleet_init(struct fleet *fleet, uint32_t serving, int64_t launch_ms,
                int64_t settle_ms, uint64_t seed)
{
    *fleet = (struct fleet){.launch_ms = launch_ms, .settle_ms = settle_ms, .draw = seed};
    for (uint32_t i = 0; i < serving; i++) {
        add(fleet, -3600000, -3600000, true);
    }
}

void fleet_clear(struct fleet *fleet)
{
    free(fleet->machines);
}

uint64_t fleet_launch(struct fleet *fleet, int64_t now_ms, uint32_t count)
{
    uint64_t first = fleet->last_no + 1;
    for (uint32_t i = 0; i < count; i++) {
        add(fleet, now_ms, now_ms + fleet->launch_ms, false);
    }
    return first;
}

struct machine *fleet_find(struct fleet *fleet, uint64_t no)
{
    size_t low = 0;
    size_t high = fleet->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fleet->machines[middle].no < no) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_it = low < fleet->count && fleet->machines[low].no == no;
    return is_it ? &fleet->machines[low] : NULL;
}

static void end_at(struct fleet *fleet, int64_t now_ms, size_t i)
{
    if (fleet->machines[i].is_serving) fleet->serving--;
    fleet->count--;
    memmove(&fleet->machines[i], &fleet->machines[i + 1],
            (fleet->count - i) * sizeof fleet->machines[0]);
    if (fleet->ending_until_ms <= now_ms) fleet->ending = 0;
    fleet->ending++;
    fleet->ending_until_ms = now_ms + END_MS;
}

bool fleet_end(struct fleet *fleet, int64_t now_ms, uint64_t no)
{
    struct machine *machine = fleet_find(fleet, no);
    if (machine == NULL) return false;
    end_at(fleet, now_ms, (size_t)(machine - fleet->machines));
    return true;
}

void fleet_end_newest(struct fleet *fleet, int64_t now_ms, uint32_t count)
{
    assert(count <= fleet->count);
    for (size_t i = fleet->count; i-- > 0 && count > 0;) {
        if (fleet->machines[i].is_serving) continue;
        end_at(fleet, now_ms, i);
        count--;
    }
    for (; count > 0; count--) {
        end_at(fleet, now_ms, fleet->count - 1);
    }
}

void fleet_pass_time(struct fleet *fleet, int64_t now_ms)
{
    for (size_t i = fleet->count; i-- > 0;) {
        struct machine *machine = &fleet->machines[i];
        if (machine->is_serving || machine->serving_ms > now_ms) continue;
        machine->is_serving = true;
        fleet->serving++;
    }
}

static bool takes_load(const struct fleet *fleet, const struct machine *machine,
                       int64_t now_ms)
{
    return machine->is_serving && machine->serving_ms + fleet->settle_ms <= now_ms;
}

uint32_t fleet_taking(const struct fleet *fleet, int64_t now_ms)
{
    uint32_t count = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        count += takes_load(fleet, &fleet->machines[i], now_ms);
    }
    return count;
}

void fleet_work(struct fleet *fleet, int64_t now_ms, int64_t demand_milli)
{
    uint32_t taking = fleet_taking(fleet, now_ms);
    int64_t share = taking > 0 ? demand_milli * 100 / taking : 0; /* milli-percent */
    for (size_t i = 0; i < fleet->count; i++) {
        struct machine *machine = &fleet->machines[i];
        if (!machine->is_serving) continue;
        int64_t permille =
            1000 + machine->bias_milli + draw_around(&fleet->draw, NOISE_PERMILLE);
        int64_t cpu = takes_load(fleet, machine, now_ms) ? share * permille / 1000 : 0;
        if (machine->serving_ms + BURN_MS > now_ms) cpu += BURN_MILLI;
        machine->cpu_milli = (int32_t)(cpu < FULL_MILLI ? cpu : FULL_MILLI);
        machine->sum_milli += machine->cpu_milli;
        machine->sum_count++;
    }
}

uint32_t fleet_alive(struct fleet *fleet, int64_t now_ms)
{
    uint32_t ending = fleet->ending_until_ms > now_ms ? fleet->ending : 0;
    return (uint32_t)fleet->count + ending;
}
