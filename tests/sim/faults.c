#include "sim/faults.h"

#define HOUR_US INT64_C(3600000000)

const char *const sim_fault_words[SIM_FAULTS] = {
#define X(name, word, kind, what) word,
    SIM_FAULT_LIST(X)
#undef X
};

const char *const sim_fault_texts[SIM_FAULTS] = {
#define X(name, word, kind, what) what,
    SIM_FAULT_LIST(X)
#undef X
};

static const char kinds[SIM_FAULTS] = {
#define F                         'F'
#define C                         'C'
#define D                         'D'
#define T                         'T'
#define L                         'L'
#define X(name, word, kind, what) kind,
    SIM_FAULT_LIST(X)
#undef X
#undef F
#undef C
#undef D
#undef T
#undef L
};

static int64_t mean_of(int64_t much)
{
    return HOUR_US * 12 / (much * 2);
}

void sim_swarm_draw(struct sim_swarm *swarm, uint64_t seed, uint64_t no)
{
    /* One seed in ten has no fault at all: the laws hold on a quiet day, too. */
    struct sim_random all = sim_stream(seed, "swarm", no);
    uint32_t share = (uint32_t)sim_between(&all, 0, 9) == 0
                         ? 0
                         : (uint32_t)sim_between(&all, 1, 6) * 100000;
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        struct sim_random *random = &swarm->streams[fault];
        *random = sim_stream(seed, sim_fault_words[fault], no);
        swarm->ppm[fault] = 0;
        swarm->mean_us[fault] = 0;
        bool is_on = sim_chance(random, share);
        int64_t much = sim_between(random, 1, 10);
        if (!is_on) continue;
        switch (kinds[fault]) {
        case 'F': swarm->ppm[fault] = (uint32_t)(much * 3000); break;  /* to 3 % */
        case 'C': swarm->ppm[fault] = (uint32_t)(much * 15000); break; /* to 15 % */
        case 'D': swarm->ppm[fault] = (uint32_t)(much * 400); break;   /* to 0.4 % */
        case 'L': swarm->ppm[fault] = 500000; break;
        default: swarm->mean_us[fault] = mean_of(much); break;
        }
    }
    /* In some as often as can be. */
    struct sim_random often = sim_stream(seed, "often silent", no);
    if (share > 0 && sim_between(&often, 1, 8) == 1) {
        swarm->mean_us[SIM_FAULT_MASS_SILENCE] = HOUR_US / 3;
    }
    /* A job leaves rarely. */
    if (swarm->ppm[SIM_FAULT_CRASH_AFTER_DISPATCH] != 0) {
        swarm->ppm[SIM_FAULT_CRASH_AFTER_DISPATCH] *= 3;
    }
}
