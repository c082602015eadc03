/* random - the simulator's only source of chance: SplitMix64.
 *
 * Every topic draws from a stream of its own, made of the seed and the topic's name: one
 * that draws more or less, or a new one, leaves all others as they are.
 */
#ifndef ASG_SIM_RANDOM_H
#define ASG_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_draw(struct sim_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* The `no`th stream of a topic. */
static inline struct sim_random sim_stream(uint64_t seed, const char *topic, uint64_t no)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *at = topic; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
    }
    struct sim_random random = {hash + no};
    random.state = sim_draw(&random) ^ seed * UINT64_C(0x2545f4914f6cdd1d);
    random.state = sim_draw(&random);
    return random;
}

/* From low to high, both included. */
static inline int64_t sim_between(struct sim_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)(sim_draw(random) % (uint64_t)(high - low + 1));
}

static inline bool sim_chance(struct sim_random *random, uint32_t ppm)
{
    return ppm != 0 && sim_draw(random) % 1000000 < ppm;
}

#endif
