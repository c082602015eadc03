#include "wire/columns.h"

#include <assert.h>
#include <string.h>

/* A lane is the rows of one metric. It is cut into blocks of rows; in a block each column
 * stands by itself, as differences from the row before, Rice coded with a parameter of
 * its own. A block whose differences are all zero takes six bits a column. */
#define LANES_MAX      ASG_METRIC_NAME_COUNT
#define BLOCK_ROWS     64
#define PARAMETER_BITS 6  /* 0: all values are zero; otherwise one more than the shift */
#define SHIFT_MAX      62 /* what six bits can say */
#define QUOTIENT_MAX   24 /* so many zero bits: the value follows in 64 bits */

enum column {
    COLUMN_GROUP_NO, /* numbers left out since the row before */
    COLUMN_REVISION,
    COLUMN_MEMBERS,
    COLUMN_MISSING, /* members that did not count */
    COLUMN_MIN,
    COLUMN_SPREAD, /* from min to max */
    COLUMN_SUM,    /* from what the middle of min and max would give */
    COLUMN_COUNT
};

#define BLOCK_BITS_MIN (COLUMN_COUNT * PARAMETER_BITS)

struct block {
    uint64_t values[COLUMN_COUNT][BLOCK_ROWS];
    size_t count;
};

/* What the differences are from. All arithmetic wraps, so that no value is special. */
struct before {
    uint64_t group_no; /* the next one that is possible */
    uint64_t revision;
    uint64_t members;
    uint64_t min;
};

static uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

/* A sum as if all values stood in the middle between the least and the most. */
static uint64_t middle_sum(uint64_t count, uint64_t min, uint64_t spread)
{
    return count * min + count * spread / 2;
}

/* ---- writing ---- */

/* Bits, the lowest of a byte first. Fewer than eight wait in `word`. */
struct bit_writer {
    struct asg_bytes *out;
    uint64_t word;
    unsigned count;
};

static void put_bits(struct bit_writer *writer, uint64_t value, unsigned width)
{
    assert(width <= 56);
    writer->word |= value << writer->count;
    writer->count += width;
    uint8_t *at = asg_bytes_reserve(writer->out, sizeof writer->word);
    for (unsigned i = 0; i < sizeof writer->word; i++) {
        at[i] = (uint8_t)(writer->word >> 8 * i);
    }
    writer->out->length += writer->count / 8;
    writer->word >>= writer->count / 8 * 8;
    writer->count %= 8;
}

static void put_wide(struct bit_writer *writer, uint64_t value, unsigned width)
{
    unsigned low = width < 32 ? width : 32;
    put_bits(writer, value & ((UINT64_C(1) << low) - 1), low);
    if (width > low) put_bits(writer, value >> 32, width - 32);
}

static void put_value(struct bit_writer *writer, uint64_t value, unsigned shift)
{
    uint64_t quotient = value >> shift;
    if (quotient >= QUOTIENT_MAX) {
        put_bits(writer, UINT64_C(1) << QUOTIENT_MAX, QUOTIENT_MAX + 1);
        put_wide(writer, value, 64);
        return;
    }
    put_bits(writer, UINT64_C(1) << quotient, (unsigned)quotient + 1);
    put_wide(writer, value & ((UINT64_C(1) << shift) - 1), shift);
}

static uint64_t bits_of(const uint64_t *values, size_t count, unsigned shift)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t quotient = values[i] >> shift;
        bits += quotient < QUOTIENT_MAX ? quotient + 1 + shift : QUOTIENT_MAX + 1 + 64;
    }
    return bits;
}

/* The shift that needs the fewest bits: near the mean, found by walking downhill. */
static unsigned choose_shift(const uint64_t *values, size_t count)
{
    uint64_t mean = 0;
    for (size_t i = 0; i < count; i++) {
        mean += values[i] / count;
    }
    unsigned shift = 0;
    while (shift < SHIFT_MAX && mean >> shift > 1) {
        shift++;
    }
    uint64_t bits = bits_of(values, count, shift);
    while (shift > 0) {
        uint64_t fewer = bits_of(values, count, shift - 1);
        if (fewer >= bits) break;
        bits = fewer;
        shift--;
    }
    return shift;
}

static void put_column(struct bit_writer *writer, const uint64_t *values, size_t count)
{
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= values[i];
    }
    if (any == 0) {
        put_bits(writer, 0, PARAMETER_BITS);
        return;
    }
    unsigned shift = choose_shift(values, count);
    put_bits(writer, shift + 1, PARAMETER_BITS);
    for (size_t i = 0; i < count; i++) {
        put_value(writer, values[i], shift);
    }
}

static void put_block(struct bit_writer *writer, struct block *block)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        put_column(writer, block->values[i], block->count);
    }
    block->count = 0;
}

static void take_row(const struct asg_group_metric *row, struct before *before,
                     struct block *block)
{
    size_t at = block->count++;
    uint64_t min = (uint64_t)row->min_milli;
    uint64_t spread = (uint64_t)row->max_milli - min;
    uint64_t sum = (uint64_t)row->sum_milli;
    uint64_t expected_min = row->count == 0 ? 0 : before->min;
    assert(row->group_no >= before->group_no);
    block->values[COLUMN_GROUP_NO][at] = row->group_no - before->group_no;
    block->values[COLUMN_REVISION][at] = zigzag(row->revision - before->revision);
    block->values[COLUMN_MEMBERS][at] = zigzag(row->members - before->members);
    block->values[COLUMN_MISSING][at] = zigzag((uint64_t)row->members - row->count);
    block->values[COLUMN_MIN][at] = zigzag(min - expected_min);
    block->values[COLUMN_SPREAD][at] = spread;
    block->values[COLUMN_SUM][at] = zigzag(sum - middle_sum(row->count, min, spread));
    before->group_no = (uint64_t)row->group_no + 1;
    before->revision = row->revision;
    before->members = row->members;
    if (row->count > 0) before->min = min;
}

static void put_lane(struct bit_writer *writer, const struct asg_group_metric *rows,
                     size_t count, enum asg_metric_name metric)
{
    struct before before = {0};
    struct block block = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (rows[i].metric != metric) continue;
        take_row(&rows[i], &before, &block);
        if (block.count == BLOCK_ROWS) put_block(writer, &block);
    }
    if (block.count > 0) put_block(writer, &block);
}

static bool are_in_order(const struct asg_group_metric *a,
                         const struct asg_group_metric *b)
{
    return a->group_no < b->group_no ||
           (a->group_no == b->group_no && a->metric < b->metric);
}

void columns_write(const struct asg_group_metric *rows, size_t count,
                   struct asg_bytes *ret)
{
    assert(count > 0 && count <= UINT32_MAX);
    uint32_t counts[LANES_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || are_in_order(&rows[i - 1], &rows[i]));
        counts[rows[i].metric]++;
    }
    struct bit_writer writer = {.out = ret};
    unsigned lanes = 0;
    for (unsigned metric = 0; metric < LANES_MAX; metric++) {
        lanes += counts[metric] > 0;
    }
    put_bits(&writer, lanes, 8);
    for (unsigned metric = 0; metric < LANES_MAX; metric++) {
        if (counts[metric] == 0) continue;
        put_bits(&writer, metric, 8);
        put_bits(&writer, counts[metric], 32);
    }
    for (unsigned metric = 0; metric < LANES_MAX; metric++) {
        if (counts[metric] > 0) {
            put_lane(&writer, rows, count, (enum asg_metric_name)metric);
        }
    }
    if (writer.count > 0) put_bits(&writer, 0, 8 - writer.count);
}

/* ---- reading ---- */

/* `word` holds the next `count` bits and zeros above them. */
struct bit_reader {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t word;
    unsigned count;
    bool is_short; /* more was asked for than there is: everything since is zero */
};

static void refill(struct bit_reader *reader)
{
    while (reader->count <= 56 && reader->at < reader->end) {
        reader->word |= (uint64_t)*reader->at++ << reader->count;
        reader->count += 8;
    }
}

static uint64_t get_bits(struct bit_reader *reader, unsigned width)
{
    assert(width <= 56);
    if (reader->count < width) refill(reader);
    if (reader->count < width) {
        reader->is_short = true;
        return 0;
    }
    uint64_t value = reader->word & ((UINT64_C(1) << width) - 1);
    reader->word >>= width;
    reader->count -= width;
    return value;
}

static uint64_t get_wide(struct bit_reader *reader, unsigned width)
{
    unsigned low = width < 32 ? width : 32;
    uint64_t value = get_bits(reader, low);
    if (width > low) value |= get_bits(reader, width - 32) << 32;
    return value;
}

static bool get_value(struct bit_reader *reader, unsigned shift, uint64_t *ret)
{
    if (reader->count <= QUOTIENT_MAX) refill(reader);
    if (reader->word == 0) return false; /* no end of the zero bits in 25 or more */
    unsigned quotient = (unsigned)__builtin_ctzll(reader->word);
    if (quotient > QUOTIENT_MAX || quotient >= reader->count) return false;
    (void)get_bits(reader, quotient + 1);
    *ret = quotient == QUOTIENT_MAX
               ? get_wide(reader, 64)
               : (uint64_t)quotient << shift | get_wide(reader, shift);
    return !reader->is_short;
}

static bool get_column(struct bit_reader *reader, uint64_t *values, size_t count)
{
    uint64_t parameter = get_bits(reader, PARAMETER_BITS);
    if (parameter == 0) {
        memset(values, 0, count * sizeof *values);
        return !reader->is_short;
    }
    unsigned shift = (unsigned)parameter - 1;
    for (size_t i = 0; i < count; i++) {
        if (!get_value(reader, shift, &values[i])) return false;
    }
    return true;
}

static bool make_row(const struct block *block, size_t at, struct before *before,
                     struct asg_group_metric *ret)
{
    uint64_t group_no = before->group_no + block->values[COLUMN_GROUP_NO][at];
    uint64_t members = before->members + unzigzag(block->values[COLUMN_MEMBERS][at]);
    uint64_t count = members - unzigzag(block->values[COLUMN_MISSING][at]);
    /* The first test: the sum above may have wrapped. */
    if (block->values[COLUMN_GROUP_NO][at] > UINT32_MAX || group_no > UINT32_MAX ||
        members > UINT32_MAX || count > UINT32_MAX) {
        return false;
    }
    uint64_t expected_min = count == 0 ? 0 : before->min;
    uint64_t min = expected_min + unzigzag(block->values[COLUMN_MIN][at]);
    uint64_t spread = block->values[COLUMN_SPREAD][at];
    ret->group_no = (uint32_t)group_no;
    ret->revision = before->revision + unzigzag(block->values[COLUMN_REVISION][at]);
    ret->members = (uint32_t)members;
    ret->count = (uint32_t)count;
    ret->min_milli = (int64_t)min;
    ret->max_milli = (int64_t)(min + spread);
    ret->sum_milli = (int64_t)(middle_sum(count, min, spread) +
                               unzigzag(block->values[COLUMN_SUM][at]));
    before->group_no = group_no + 1;
    before->revision = ret->revision;
    before->members = members;
    if (count > 0) before->min = min;
    return true;
}

struct lane {
    enum asg_metric_name metric;
    size_t count;
    struct asg_group_metric *rows;
};

static bool get_lane(struct bit_reader *reader, const struct lane *lane)
{
    struct before before = {0};
    struct block block;
    for (size_t done = 0; done < lane->count; done += block.count) {
        size_t left = lane->count - done;
        block.count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            if (!get_column(reader, block.values[i], block.count)) return false;
        }
        for (size_t i = 0; i < block.count; i++) {
            struct asg_group_metric *row = &lane->rows[done + i];
            row->metric = lane->metric;
            if (!make_row(&block, i, &before, row)) return false;
        }
    }
    return true;
}

/* Which metrics, and how many rows of each; no more than the bits that are left allow. */
static bool get_lanes(struct bit_reader *reader, size_t limit, struct lane *lanes,
                      size_t *ret_lanes, size_t *ret_rows)
{
    size_t lane_count = get_bits(reader, 8);
    if (lane_count == 0 || lane_count > LANES_MAX) return false;
    size_t rows = 0;
    uint64_t blocks = 0;
    for (size_t i = 0; i < lane_count; i++) {
        uint64_t metric = get_bits(reader, 8);
        uint64_t count = get_bits(reader, 32);
        if (metric >= LANES_MAX || count == 0 || count > limit - rows) return false;
        if (i > 0 && metric <= (uint64_t)lanes[i - 1].metric) return false;
        lanes[i] = (struct lane){.metric = (enum asg_metric_name)metric, .count = count};
        rows += count;
        blocks += (count + BLOCK_ROWS - 1) / BLOCK_ROWS;
    }
    uint64_t bits_left =
        reader->count + UINT64_C(8) * (uint64_t)(reader->end - reader->at);
    if (reader->is_short || blocks * BLOCK_BITS_MIN > bits_left) return false;
    *ret_lanes = lane_count;
    *ret_rows = rows;
    return true;
}

/* By group, then metric. Each lane is in order already, and lanes are by metric. */
static void merge(struct lane *lanes, size_t lane_count, struct asg_group_metric *ret)
{
    size_t at[LANES_MAX] = {0};
    for (;;) {
        const struct asg_group_metric *least = NULL;
        size_t from = 0;
        for (size_t i = 0; i < lane_count; i++) {
            if (at[i] == lanes[i].count) continue;
            const struct asg_group_metric *row = &lanes[i].rows[at[i]];
            if (least != NULL && row->group_no >= least->group_no) continue;
            least = row;
            from = i;
        }
        if (least == NULL) return;
        *ret++ = *least;
        at[from]++;
    }
}

bool columns_read(const uint8_t *data, size_t length, size_t limit,
                  struct asg_arena *arena, struct asg_group_metric **ret,
                  size_t *ret_count)
{
    struct bit_reader reader = {.at = data, .end = data + length};
    struct lane lanes[LANES_MAX];
    size_t lane_count;
    if (!get_lanes(&reader, limit, lanes, &lane_count, ret_count)) return false;
    struct asg_group_metric *rows = asg_arena_take(arena, *ret_count * sizeof *rows);
    size_t done = 0;
    for (size_t i = 0; i < lane_count; i++) {
        lanes[i].rows = rows + done;
        if (!get_lane(&reader, &lanes[i])) return false;
        done += lanes[i].count;
    }
    bool is_at_end = reader.at == reader.end && reader.count < 8 && reader.word == 0;
    if (!is_at_end) return false;
    *ret = rows;
    if (lane_count > 1) {
        *ret = asg_arena_take(arena, *ret_count * sizeof **ret);
        merge(lanes, lane_count, *ret);
    }
    return true;
}
