/* acknowledged_commands_survive - an order that was answered "done" is in the log. */
#include "sim/sim.h"

void law_acknowledged_survive(uint64_t order_no)
{
    bool is_durable = order_no / 8 < our->durable_order_end &&
                      (our->durable_orders[order_no / 8] >> order_no % 8 & 1) != 0;
    if (is_durable) return;
    sim_break("acknowledged_commands_survive",
              "order %llu was acknowledged and is in no durable record",
              (unsigned long long)order_no);
}
