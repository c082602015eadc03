#include "cli/what_if/fleet_curve.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"

void asg_fleet_curve_note(struct asg_fleet_curve *curve,
                          const struct asg_fleet_size *fleet)
{
    const struct asg_fleet_size *last =
        curve->count > 0 ? &curve->items[curve->count - 1] : NULL;
    assert(last == NULL || last->time_ms <= fleet->time_ms);
    bool is_same = last != NULL && last->serving == fleet->serving &&
                   last->alive == fleet->alive && last->desired == fleet->desired;
    if (is_same) return;
    if (curve->count == curve->capacity) {
        curve->capacity = curve->capacity == 0 ? 256 : curve->capacity * 2;
        curve->items = asg_realloc(curve->items, curve->capacity, sizeof *curve->items);
    }
    curve->items[curve->count++] = *fleet;
}

void asg_fleet_curve_clear(struct asg_fleet_curve *curve)
{
    free(curve->items);
    *curve = (struct asg_fleet_curve){0};
}
