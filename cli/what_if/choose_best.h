/* choose_best - which side of a what-if served the load best, and how sure that is.
 *
 * The order: least time over, then least load lost, least cost, fewest turns. What is as
 * good as the best within a margin stays in the contest; the rest is out, and the next
 * figure decides among those who stayed (docs/audit.md, "Which is best").
 * Confidence: a resample draws as many of the record's blocks as there are, with
 * repetition. Of ASG_BEST_RESAMPLES of them, the share in which the winner stayed to the
 * end too. The same number of blocks is always drawn in the same way.
 * Threads:  one.
 */
#ifndef ASG_CLI_WHAT_IF_CHOOSE_BEST_H
#define ASG_CLI_WHAT_IF_CHOOSE_BEST_H

#include "cli/what_if/score_sides.h"

#define ASG_BEST_RESAMPLES  1000
#define ASG_BEST_BLOCKS_MIN 12 /* fewer tell nothing */
#define ASG_BEST_SIDES_MAX  16

/* Margins: so little is no difference. */
#define ASG_BEST_OVER_MS     INT64_C(5000) /* an hour */
#define ASG_BEST_LOST_PPM    INT64_C(500)  /* 0.05 % of the load */
#define ASG_BEST_COST_MILLI  INT64_C(10)   /* 1 % of the oracle's */
#define ASG_BEST_TURNS_MILLI INT64_C(200)  /* an hour */

struct asg_best {
    size_t winner;    /* of those that stayed to the end the first */
    uint64_t as_good; /* bits 1 << side: those that stayed */
    size_t blocks;    /* with measured load */
    /* of ASG_BEST_RESAMPLES, how often each side stayed; all 0: too few blocks */
    uint32_t stayed[ASG_BEST_SIDES_MAX];
};

/* `sides`: of each a score a block, as asg_score_curve() fills them; at least one side,
 * at most ASG_BEST_SIDES_MAX. */
void asg_best_choose(const struct asg_score_ground *ground,
                     const struct asg_curve_score *const *sides, size_t side_count,
                     struct asg_best *ret);

#endif
