/* calls_are_answered_once - who hands an order in by the API, or asks EC2 something for
 * one, is called back once, whatever happens to the controller meanwhile: a connection
 * that nobody answers hangs.
 */
#include "sim/sim.h"

void law_call_is_settled_once(uint64_t order_no, bool is_settled)
{
    if (!is_settled) return;
    sim_break("calls_are_answered_once", "call %llu is answered a second time",
              (unsigned long long)order_no);
}

void law_call_is_settled(uint64_t order_no, bool is_settled)
{
    if (is_settled) return;
    sim_break("calls_are_answered_once",
              "the controller ended, and call %llu was never answered",
              (unsigned long long)order_no);
}
