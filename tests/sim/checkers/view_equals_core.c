/* view_equals_core - what the view's readers see is what core has, at the end of each
 * turn of the controller, and already when an order is answered: who asks then sees what
 * came of it. A controller that does not lead says so there. */
#include "lib/compare_view.h"
#include "sim/sim.h"

static void compare(const struct asg_controller *controller)
{
    char wrong[256];
    const struct asg_core *core = asg_commit_core(controller->commit);
    if (view_equals_core(controller->view, core, wrong)) return;
    sim_break("view_equals_core", "%s", wrong);
}

void law_view_when_answered(void)
{
    const struct asg_controller *controller = our->controller;
    if (controller != NULL && controller->commit != NULL) compare(controller);
}

void law_view_after_turn(void)
{
    const struct asg_controller *controller = our->controller;
    const struct asg_root *root = asg_view_hold(controller->view);
    uint64_t number = asg_root_number(root);
    bool says_leading = asg_root_not_leading(root)[0] == '\0';
    asg_view_drop(&root);
    if (says_leading != (controller->commit != NULL)) {
        sim_break("view_equals_core", "it says that the controller %s",
                  says_leading ? "leads" : "does not lead");
    }
    bool is_new = our->viewed != controller->view || our->viewed_number != number;
    our->viewed = controller->view;
    our->viewed_number = number;
    if (is_new && controller->commit != NULL) compare(controller);
}
