/* model_pending - what EC2 and the instances of run_model will say, the earliest first.
 */
#include <assert.h>
#include <stdlib.h>

#include "cli/what_if/model_private.h"

static bool comes_before(const struct pending *a, const struct pending *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->no < b->no;
}

void asg_model_add_pending(struct model *model, struct pending item)
{
    if (model->pending_count == model->pending_capacity) {
        model->pending_capacity =
            model->pending_capacity == 0 ? 64 : model->pending_capacity * 2;
        model->pending =
            asg_realloc(model->pending, model->pending_capacity, sizeof *model->pending);
    }
    item.no = model->pending_no++;
    size_t at = model->pending_count++;
    while (at > 0 && comes_before(&item, &model->pending[(at - 1) / 2])) {
        model->pending[at] = model->pending[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    model->pending[at] = item;
}

struct pending asg_model_take_pending(struct model *model)
{
    assert(model->pending_count > 0);
    struct pending first = model->pending[0];
    struct pending last = model->pending[--model->pending_count];
    size_t at = 0;
    for (;;) {
        size_t next = at * 2 + 1;
        if (next >= model->pending_count) break;
        if (next + 1 < model->pending_count &&
            comes_before(&model->pending[next + 1], &model->pending[next])) {
            next++;
        }
        if (!comes_before(&model->pending[next], &last)) break;
        model->pending[at] = model->pending[next];
        at = next;
    }
    if (model->pending_count > 0) model->pending[at] = last;
    return first;
}

void asg_model_clear_pending(struct model *model)
{
    for (size_t i = 0; i < model->pending_count; i++)
        free(model->pending[i].ids);
    free(model->pending);
}
