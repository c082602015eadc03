#include "shapes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define POINTS_MAX 40

/* Straight lines between these; two at one second are a step. Tenths of an instance at
 * 50 %. */
struct point {
    int32_t second;
    int32_t tenths;
};

/* What is drawn by chance: a jump or a burst now and then, or at each second a bit. */
enum chance { NOTHING, SPIKES, BURSTS, WALK, WALK_FAST, WALK_JUMPS };

struct recipe {
    const char *name;
    const char *family;
    enum shape_set set;
    struct point points[POINTS_MAX]; /* repeated from the start where `repeat` says */
    int32_t repeat;                  /* seconds; 0: once, and the last level stays */
    enum chance chance;
    int32_t wave_tenths;  /* a sine of this height over the points */
    int32_t wave_seconds; /* of one turn */
    int32_t flash_tenths; /* a flash crowd: up within rise, and then down by half each */
    int32_t flash_second; /* half_seconds */
    int32_t rise_seconds;
    int32_t half_seconds;
    int32_t slow_permille; /* noise that lasts a minute or so; 0: 15 */
    int32_t fast_permille; /* noise of each second; 0: 20 */
};

/* Which are kept back was written down before any of them was run. */
static const struct recipe recipes[] = {
    /* steps */
    {.name = "step-up-2",
     .family = "step",
     .set = SHAPE_TUNED,
     .points = {{0, 100}, {1800, 100}, {1800, 220}}},
    {.name = "step-up-5",
     .family = "step",
     .set = SHAPE_TUNED,
     .points = {{0, 80}, {2400, 80}, {2400, 400}}},
    {.name = "step-down",
     .family = "step",
     .set = SHAPE_TUNED,
     .points = {{0, 300}, {1800, 300}, {1800, 150}}},
    {.name = "stairs-up",
     .family = "step",
     .set = SHAPE_TUNED,
     .points = {{0, 80},
                {1200, 80},
                {1200, 120},
                {2400, 120},
                {2400, 170},
                {3600, 170},
                {3600, 230},
                {4800, 230},
                {4800, 300},
                {6000, 300},
                {6000, 380}}},
    {.name = "step-there-and-back",
     .family = "step",
     .set = SHAPE_TUNED,
     .points = {{0, 80}, {600, 80}, {600, 320}, {1800, 320}, {1800, 80}, {3600, 80}},
     .repeat = 3600},
    {.name = "stairs-down",
     .family = "step",
     .set = SHAPE_KEPT,
     .points = {{0, 360},
                {1500, 360},
                {1500, 290},
                {3000, 290},
                {3000, 220},
                {4500, 220},
                {4500, 150},
                {6000, 150},
                {6000, 90}}},
    {.name = "step-up-4-small",
     .family = "step",
     .set = SHAPE_KEPT,
     .points = {{0, 30}, {2000, 30}, {2000, 120}}},
    /* ramps */
    {.name = "ramp-slow",
     .family = "ramp",
     .set = SHAPE_TUNED,
     .points = {{0, 80}, {1200, 80}, {6000, 320}, {8400, 320}}},
    {.name = "ramp-fast",
     .family = "ramp",
     .set = SHAPE_TUNED,
     .points = {{0, 60}, {1200, 60}, {1500, 360}, {4200, 360}, {4800, 60}}},
    {.name = "ramp-down",
     .family = "ramp",
     .set = SHAPE_TUNED,
     .points = {{0, 320}, {1200, 320}, {6000, 80}}},
    {.name = "ramp-steep",
     .family = "ramp",
     .set = SHAPE_KEPT,
     .points = {{0, 60}, {1800, 60}, {1980, 400}, {5400, 400}, {9000, 60}}},
    /* spikes */
    {.name = "spike-1m",
     .family = "spike",
     .set = SHAPE_TUNED,
     .points =
         {{0, 120}, {1200, 120}, {1200, 360}, {1260, 360}, {1260, 120}, {2400, 120}},
     .repeat = 2400},
    {.name = "spike-5m",
     .family = "spike",
     .set = SHAPE_TUNED,
     .points =
         {{0, 120}, {1200, 120}, {1200, 300}, {1500, 300}, {1500, 120}, {2700, 120}},
     .repeat = 2700},
    {.name = "spike-chance",
     .family = "spike",
     .set = SHAPE_KEPT,
     .points =
         {{0, 100}, {1200, 100}, {1200, 420}, {1500, 420}, {1500, 100}, {2700, 100}},
     .chance = SPIKES},
    /* flash crowds */
    {.name = "flash-9",
     .family = "flash",
     .set = SHAPE_TUNED,
     .points = {{0, 60}},
     .flash_tenths = 480,
     .flash_second = 2400,
     .rise_seconds = 45,
     .half_seconds = 600},
    {.name = "flash-6",
     .family = "flash",
     .set = SHAPE_TUNED,
     .points = {{0, 80}},
     .flash_tenths = 420,
     .flash_second = 1800,
     .rise_seconds = 240,
     .half_seconds = 900},
    {.name = "flash-small",
     .family = "flash",
     .set = SHAPE_KEPT,
     .points = {{0, 30}},
     .flash_tenths = 240,
     .flash_second = 3000,
     .rise_seconds = 90,
     .half_seconds = 1200},
    /* saw teeth */
    {.name = "saw-10m",
     .family = "saw",
     .set = SHAPE_TUNED,
     .points = {{0, 100}, {600, 260}},
     .repeat = 600},
    {.name = "saw-30m",
     .family = "saw",
     .set = SHAPE_TUNED,
     .points = {{0, 60}, {1800, 300}},
     .repeat = 1800},
    {.name = "saw-back-20m",
     .family = "saw",
     .set = SHAPE_KEPT,
     .points = {{0, 280}, {1200, 80}},
     .repeat = 1200},
    /* days, in three hours or less */
    {.name = "day",
     .family = "day",
     .set = SHAPE_TUNED,
     .points = {{0, 180}},
     .wave_tenths = 120,
     .wave_seconds = 10800},
    {.name = "day-two-peaks",
     .family = "day",
     .set = SHAPE_TUNED,
     .points = {{0, 60},
                {1800, 70},
                {3300, 260},
                {4800, 180},
                {6600, 180},
                {7800, 320},
                {9600, 90},
                {10800, 60}}},
    {.name = "day-short",
     .family = "day",
     .set = SHAPE_TUNED,
     .points = {{0, 160}},
     .wave_tenths = 80,
     .wave_seconds = 3600},
    {.name = "day-noisy",
     .family = "day",
     .set = SHAPE_KEPT,
     .points = {{0, 180}},
     .wave_tenths = 110,
     .wave_seconds = 7200,
     .slow_permille = 60,
     .fast_permille = 80},
    /* noise at levels */
    {.name = "noise-low",
     .family = "noise",
     .set = SHAPE_TUNED,
     .points = {{0, 200}},
     .slow_permille = 30,
     .fast_permille = 40},
    {.name = "noise-middle",
     .family = "noise",
     .set = SHAPE_TUNED,
     .points = {{0, 200}},
     .slow_permille = 80,
     .fast_permille = 120},
    {.name = "noise-high",
     .family = "noise",
     .set = SHAPE_TUNED,
     .points = {{0, 200}},
     .slow_permille = 160,
     .fast_permille = 250},
    {.name = "noise-few",
     .family = "noise",
     .set = SHAPE_KEPT,
     .points = {{0, 45}},
     .slow_permille = 90,
     .fast_permille = 150},
    /* bursts */
    {.name = "burst-chance",
     .family = "burst",
     .set = SHAPE_TUNED,
     .points = {{0, 120}},
     .chance = BURSTS},
    {.name = "burst-5m",
     .family = "burst",
     .set = SHAPE_TUNED,
     .points = {{0, 80}, {600, 80}, {600, 280}, {900, 280}, {900, 80}},
     .repeat = 900},
    {.name = "burst-2m",
     .family = "burst",
     .set = SHAPE_KEPT,
     .points = {{0, 100}, {360, 100}, {360, 300}, {480, 300}, {480, 100}},
     .repeat = 480},
    /* batch hours */
    {.name = "batch-hour",
     .family = "batch",
     .set = SHAPE_TUNED,
     .points = {{0, 60}, {1800, 60}, {1800, 340}, {2700, 340}, {2700, 60}, {3600, 60}},
     .repeat = 3600},
    {.name = "batch-half-hour",
     .family = "batch",
     .set = SHAPE_KEPT,
     .points = {{0, 80}, {900, 80}, {930, 300}, {1380, 300}, {1440, 80}, {1800, 80}},
     .repeat = 1800},
    /* an outage upstream, and the return of those who waited */
    {.name = "outage-10m",
     .family = "outage",
     .set = SHAPE_TUNED,
     .points = {{0, 200}, {2400, 200}, {2400, 10}, {3000, 10}, {3000, 360}, {3300, 200}}},
    {.name = "outage-2m",
     .family = "outage",
     .set = SHAPE_TUNED,
     .points = {{0, 200}, {3000, 200}, {3000, 10}, {3120, 10}, {3120, 360}, {3300, 200}}},
    {.name = "outage-40m",
     .family = "outage",
     .set = SHAPE_KEPT,
     .points = {{0, 220}, {2400, 220}, {2400, 5}, {4800, 5}, {4800, 360}, {5160, 220}}},
    /* random walks */
    {.name = "walk",
     .family = "walk",
     .set = SHAPE_TUNED,
     .points = {{0, 180}},
     .chance = WALK},
    {.name = "walk-fast",
     .family = "walk",
     .set = SHAPE_TUNED,
     .points = {{0, 180}},
     .chance = WALK_FAST},
    {.name = "walk-jumps",
     .family = "walk",
     .set = SHAPE_KEPT,
     .points = {{0, 160}},
     .chance = WALK_JUMPS},
    /* few and many */
    {.name = "few",
     .family = "size",
     .set = SHAPE_TUNED,
     .points = {{0, 30}},
     .wave_tenths = 20,
     .wave_seconds = 5400},
    {.name = "many",
     .family = "size",
     .set = SHAPE_TUNED,
     .points = {{0, 600}, {2400, 600}, {3000, 900}, {5400, 900}, {6600, 500}}},
};

#define RECIPE_COUNT (sizeof recipes / sizeof recipes[0])

uint64_t draw_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t draw_around(uint64_t *state, int64_t span)
{
    uint64_t bits = draw_next(state);
    int64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (int64_t)(bits >> (16 * i) & 0xffff) - 32768;
    }
    return sum * span / (4 * 32768);
}

static bool draw_one_in(uint64_t *state, uint64_t n)
{
    return draw_next(state) % n == 0;
}

/* ---- levels, in thousandths of an instance's work ---- */

static size_t point_count(const struct recipe *recipe)
{
    size_t count = 1;
    while (count < POINTS_MAX && recipe->points[count].second > 0) {
        count++;
    }
    return count;
}

static int64_t level_of(int64_t tenths)
{
    return LEVEL(tenths) / 10;
}

static int64_t points_at(const struct recipe *recipe, int64_t second)
{
    if (recipe->repeat > 0) second %= recipe->repeat;
    size_t count = point_count(recipe);
    size_t i = 0;
    while (i + 1 < count && recipe->points[i + 1].second <= second) {
        i++;
    }
    const struct point *from = &recipe->points[i];
    if (i + 1 == count) return level_of(from->tenths);
    const struct point *to = from + 1;
    int64_t length = to->second - from->second;
    return level_of(from->tenths) + (level_of(to->tenths) - level_of(from->tenths)) *
                                        (second - from->second) / length;
}

/* Thousandths of a sine by Bhaskara's formula, from its lowest point. */
static int64_t wave_at(int64_t second, int64_t turn)
{
    int64_t degrees = (second * 360 / turn + 270) % 360;
    int64_t half = degrees % 180;
    int64_t product = half * (180 - half);
    int64_t value = 4000 * product / (40500 - product);
    return degrees < 180 ? value : -value;
}

static int64_t flash_at(const struct recipe *recipe, int64_t second)
{
    int64_t top = level_of(recipe->flash_tenths);
    int64_t since = second - recipe->flash_second;
    if (since < 0 || top == 0) return 0;
    if (since < recipe->rise_seconds) return top * since / recipe->rise_seconds;
    since -= recipe->rise_seconds;
    /* half of it goes in each half-time, along a straight line */
    int64_t whole = since / recipe->half_seconds;
    if (whole > 20) return 0;
    top >>= whole;
    return top - top / 2 * (since % recipe->half_seconds) / recipe->half_seconds;
}

/* ---- chance ---- */

struct run {
    uint64_t draw;
    int64_t extra;      /* what chance adds now */
    int64_t extra_left; /* seconds of it */
    int64_t walk;
    int64_t slow; /* noise that lasts, permille times 16 */
};

static int64_t bounce(int64_t value, int64_t low, int64_t high)
{
    if (value < low) return low + low - value;
    return value > high ? high + high - value : value;
}

static int64_t chance_at(const struct recipe *recipe, struct run *run)
{
    switch (recipe->chance) {
    case NOTHING: return 0;
    case SPIKES:
    case BURSTS:
        if (run->extra_left > 0) {
            run->extra_left--;
        } else if (draw_one_in(&run->draw, recipe->chance == SPIKES ? 900 : 420)) {
            uint64_t size = draw_next(&run->draw);
            run->extra = LEVEL(8 + (int64_t)(size % 25));
            run->extra_left = recipe->chance == SPIKES ? 30 + (int64_t)(size >> 32) % 90
                                                       : 60 + (int64_t)(size >> 32) % 300;
        } else {
            run->extra = 0;
        }
        return run->extra;
    case WALK_JUMPS:
        if (draw_one_in(&run->draw, 1500)) {
            run->walk += draw_around(&run->draw, LEVEL(30));
        }
        /* and walk on */
        __attribute__((fallthrough));
    case WALK:
    case WALK_FAST:
        run->walk += draw_around(&run->draw, recipe->chance == WALK_FAST ? 500 : 200);
        run->walk = bounce(run->walk, -LEVEL(12), LEVEL(18));
        return run->walk;
    }
    return 0;
}

/* Noise that is a part of the load: what lasts (a minute's memory) and what does not. */
static int64_t with_noise(struct run *run, int64_t demand, int64_t slow, int64_t fast)
{
    run->slow += draw_around(&run->draw, slow * 16 * 3 / 10) - run->slow / 60;
    int64_t permille = 1000 + run->slow / 16 + draw_around(&run->draw, fast * 2);
    if (permille < 100) permille = 100;
    demand = demand * permille / 1000;
    return demand > 0 ? demand : 0;
}

size_t shape_count(void)
{
    return RECIPE_COUNT;
}

void shape_make(size_t no, uint64_t seed, struct shape *ret)
{
    assert(no < RECIPE_COUNT);
    const struct recipe *recipe = &recipes[no];
    *ret = (struct shape){
        .family = recipe->family, .set = recipe->set, .seconds = SHAPE_SECONDS};
    (void)snprintf(ret->name, sizeof ret->name, "%s", recipe->name);
    ret->demand = asg_alloc(SHAPE_SECONDS, sizeof *ret->demand);
    struct run run = {.draw = seed * 1000003 + no};
    /* Not at the same second of a period, and not at the same height, each time. */
    int64_t shift = (int64_t)(draw_next(&run.draw) % 120);
    int64_t height = 1000 + draw_around(&run.draw, 80);
    int64_t slow = recipe->slow_permille > 0 ? recipe->slow_permille : 15;
    int64_t fast = recipe->fast_permille > 0 ? recipe->fast_permille : 20;
    for (int64_t t = 0; t < SHAPE_SECONDS; t++) {
        int64_t second = t >= shift ? t - shift : 0;
        int64_t demand = points_at(recipe, second) + flash_at(recipe, second) +
                         chance_at(recipe, &run);
        if (recipe->wave_seconds > 0) {
            demand += level_of(recipe->wave_tenths) *
                      wave_at(second, recipe->wave_seconds) / 1000;
        }
        ret->demand[t] = (int32_t)with_noise(&run, demand * height / 1000, slow, fast);
    }
}

/* ---- traces ---- */

struct trace_head {
    long history;
    long day;
    long peak;
};

static bool read_head(FILE *file, struct trace_head *ret)
{
    char line[1024];
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') continue;
        return sscanf(line, "history %ld day %ld peak %ld", &ret->history, &ret->day,
                      &ret->peak) == 3 &&
               ret->history >= 0 && ret->day > 1 && ret->day <= 10080 && ret->peak > 0 &&
               ret->peak <= 1000;
    }
    return false;
}

static bool read_minutes(FILE *file, const struct trace_head *head, int32_t *ret)
{
    long value = 0;
    for (long i = 0; i < head->history + head->day; i++) {
        if (fscanf(file, "%ld", &value) != 1 || value < 0 || value > 100000) return false;
        if (i >= head->history) ret[i - head->history] = (int32_t)value;
    }
    return true;
}

static void name_trace(const char *path, struct shape *ret)
{
    const char *slash = strrchr(path, '/');
    (void)snprintf(ret->name, sizeof ret->name, "%s", slash != NULL ? slash + 1 : path);
    char *dot = strrchr(ret->name, '.');
    if (dot != NULL) *dot = '\0';
    for (char *c = ret->name; *c != '\0'; c++) {
        if (*c == '_') *c = '-';
    }
}

static void play_minutes(const struct trace_head *head, const int32_t *minutes,
                         uint64_t seed, struct shape *ret)
{
    ret->seconds = (uint32_t)head->day * 60;
    ret->demand = asg_alloc(ret->seconds, sizeof *ret->demand);
    struct run run = {.draw = seed * 1000003 + 77};
    for (uint32_t t = 0; t < ret->seconds; t++) {
        uint32_t at = t / 60;
        int64_t from = minutes[at];
        int64_t to = at + 1 < (uint32_t)head->day ? minutes[at + 1] : from;
        int64_t permille = from + (to - from) * (t % 60) / 60;
        int64_t demand = LEVEL(head->peak) * permille / 1000;
        ret->demand[t] = (int32_t)with_noise(&run, demand, 15, 20);
    }
}

bool shape_read_trace(const char *path, uint64_t seed, struct shape *ret)
{
    *ret = (struct shape){.family = "trace", .set = SHAPE_TRACE};
    name_trace(path, ret);
    FILE *file = fopen(path, "r");
    struct trace_head head = {0};
    int32_t *minutes = NULL;
    bool is_one = file != NULL && read_head(file, &head);
    if (is_one) {
        minutes = asg_alloc((size_t)head.day, sizeof *minutes);
        is_one = read_minutes(file, &head, minutes);
    }
    if (file != NULL) (void)fclose(file);
    if (is_one) {
        play_minutes(&head, minutes, seed, ret);
    } else {
        (void)fprintf(stderr, "decisions: %s is not a trace\n", path);
    }
    free(minutes);
    return is_one;
}
