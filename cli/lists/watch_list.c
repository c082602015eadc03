#include "cli/lists/watch_list.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask/ask_controller.h"
#include "cli/ask/hush_errors.h"
#include "cli/lists/end_quietly.h"
#include "text/moment.h"
#include "text/moment.h"
#include "text/quantity.h"

#define MARKED_LOOKS   3    /* a row that changed stays marked so many times */
#define ANSWER_MS      2000 /* a controller that is away is asked again after this */
#define LINES_BESIDE   5    /* of a screen: what is above and below the rows */
#define FOLDED_COLUMNS 4

struct row {
    const char *key;    /* "web" */
    const char *text;   /* the row of the table, or its JSON */
    const char *change; /* "added", "changed", "gone"; NULL: as it was */
    int marked;         /* looks that it is still marked for */
};

struct look {
    struct asg_arena arena;
    const char *titles;
    struct row *rows;
    size_t count;
    size_t capacity;
};

struct asg_list_watch {
    struct look looks[2];
    struct look *now;
    struct look *before; /* NULL: this is the first look */
    bool is_drawn;       /* on a terminal */
    int64_t every_ms;
    uint64_t epoch;
    const char *note; /* above the list: the controller is away; lives in `words` */
    struct asg_arena words;
};

/* ---- what is in a list ---- */

/* Where the first columns do not name one item each, as many as do. */
static size_t key_columns(const struct asg_cli *cli)
{
    const char *command = cli->command != NULL ? cli->command->name : "";
    return strcmp(command, "activity list") == 0 ? FOLDED_COLUMNS : 1;
}

static const char *write_key(struct asg_arena *arena, const struct asg_schema *schema,
                             const void *object, const struct asg_render_column *columns,
                             size_t count)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes key = {0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0) asg_bytes_append_text(&key, " ");
        asg_render_cell(schema, object, &columns[i], &key);
    }
    return asg_arena_text(arena, asg_bytes_text(&key));
}

static const struct row *find_row(const struct look *look, const char *key)
{
    for (size_t i = 0; look != NULL && i < look->count; i++) {
        if (strcmp(look->rows[i].key, key) == 0) return &look->rows[i];
    }
    return NULL;
}

/* A row and what became of it. Most lists keep their order, so the same place is looked
 * at first. */
static void add_row(struct asg_list_watch *watch, const char *key, const char *text)
{
    struct look *now = watch->now;
    struct row *row = asg_arena_push(&now->arena, (void **)&now->rows, &now->count,
                                     &now->capacity, sizeof *row);
    *row = (struct row){.key = key, .text = text};
    const struct look *before = watch->before;
    if (before == NULL) return;
    size_t place = now->count - 1;
    bool is_in_place = place < before->count && strcmp(before->rows[place].key, key) == 0;
    const struct row *old = is_in_place ? &before->rows[place] : find_row(before, key);
    if (old == NULL) {
        row->change = "added";
    } else if (strcmp(old->text, text) != 0) {
        row->change = "changed";
    }
    row->marked = row->change != NULL              ? MARKED_LOOKS
                  : old != NULL && old->marked > 0 ? old->marked - 1
                                                   : 0;
}

void asg_watch_list_take(struct asg_cli *cli, const struct asg_schema *schema,
                         const struct asg_items *items,
                         const struct asg_render_column *columns, size_t column_count,
                         struct asg_bytes *text)
{
    struct asg_list_watch *watch = cli->watch;
    assert(watch != NULL);
    struct asg_arena *arena = &watch->now->arena;
    size_t keys = key_columns(cli) < column_count ? key_columns(cli) : column_count;
    const char *line = asg_bytes_text(text);
    size_t length = strcspn(line, "\n");
    bool is_table = cli->settings.output == ASG_OUTPUT_TABLE;
    if (is_table) {
        watch->now->titles = asg_arena_text_n(arena, line, length);
        line += length + (line[length] != '\0');
    }
    for (size_t i = 0; i < items->count; i++) {
        const void *item = items->items[i];
        const char *row = NULL;
        if (is_table) {
            length = strcspn(line, "\n");
            row = asg_arena_text_n(arena, line, length);
            line += length + (line[length] != '\0');
        } else {
            ASG_CLEANUP(asg_bytes_clear) struct asg_bytes json = {0};
            asg_render_shown(schema, item, ASG_RENDER_JSON_LINE, &json);
            row = asg_arena_text(arena, asg_bytes_text(&json));
        }
        add_row(watch, write_key(arena, schema, item, columns, keys), row);
    }
}

/* ---- a line a change ---- */

static void print_change(struct asg_cli *cli, const char *change, const struct row *row)
{
    if (cli->settings.output == ASG_OUTPUT_JSON) {
        (void)fprintf(cli->out, "{\"change\":\"%s\",\"item\":", change);
        (void)fputs(row->text, cli->out);
        (void)fputs("}\n", cli->out);
        return;
    }
    char when[ASG_MOMENT_TEXT_MAX];
    asg_moment_print(asg_clock_wall_ms(&cli->clock) / 1000 * 1000, when);
    (void)fprintf(cli->out, "%s  %-7s  ", when, change);
    asg_cli_write(cli->out, row->text, strlen(row->text));
    (void)fputc('\n', cli->out);
}

static void print_changes(struct asg_cli *cli, const struct asg_list_watch *watch)
{
    const struct look *now = watch->now;
    for (size_t i = 0; i < now->count; i++) {
        if (watch->before == NULL) print_change(cli, "now", &now->rows[i]);
        if (now->rows[i].change != NULL)
            print_change(cli, now->rows[i].change, &now->rows[i]);
    }
    for (size_t i = 0; watch->before != NULL && i < watch->before->count; i++) {
        const struct row *old = &watch->before->rows[i];
        if (find_row(now, old->key) == NULL) print_change(cli, "gone", old);
    }
    (void)fflush(cli->out);
}

/* ---- on a terminal ---- */

static size_t screen_lines(const struct asg_cli *cli)
{
    struct winsize size = {0};
    int file = fileno(cli->out);
    bool is_known = ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return is_known ? size.ws_row : 24;
}

static void draw_line(struct asg_cli *cli, const char *mark, const char *text)
{
    size_t width = asg_cli_width(cli);
    size_t length = strlen(text);
    size_t room = width > ASG_WATCH_MARK_WIDTH ? width - ASG_WATCH_MARK_WIDTH : length;
    bool is_bold = mark[0] != ' ';
    (void)fputs(mark, cli->out);
    if (is_bold) (void)fputs("\033[1m", cli->out);
    asg_cli_write(cli->out, text, length < room ? length : room);
    (void)fputs(is_bold ? "\033[0m\033[K\n" : "\033[K\n", cli->out);
}

static void draw(struct asg_cli *cli, const struct asg_list_watch *watch)
{
    const struct look *now = watch->now;
    char every[ASG_QUANTITY_TEXT_MAX];
    char when[ASG_MOMENT_TEXT_MAX];
    asg_quantity_print_duration(watch->every_ms, every);
    asg_moment_print(asg_clock_wall_ms(&cli->clock) / 1000 * 1000, when);
    const char *context = cli->settings.context;
    (void)fputs("\033[H", cli->out);
    asg_cli_print(cli->out, "%s %s, every %s, %s%s%s; Ctrl-C to stop",
                  cli->table->program, cli->command->name, every, when,
                  context[0] != '\0' ? ", context " : "", context);
    (void)fputs("\033[K\n", cli->out); /* not by asg_cli_print, which shows it as text */
    asg_cli_print(cli->out, "%s", watch->note);
    (void)fputs("\033[K\n", cli->out);
    if (now->titles != NULL) draw_line(cli, "  ", now->titles);
    size_t lines = screen_lines(cli);
    size_t most = lines > LINES_BESIDE ? lines - LINES_BESIDE : 1;
    for (size_t i = 0; i < now->count && i < most; i++) {
        draw_line(cli, now->rows[i].marked > 0 ? "* " : "  ", now->rows[i].text);
    }
    for (size_t i = 0; watch->before != NULL && i < watch->before->count; i++) {
        const struct row *old = &watch->before->rows[i];
        if (find_row(now, old->key) != NULL || now->count >= most) continue;
        draw_line(cli, "- ", old->text);
    }
    if (now->count > most) {
        asg_cli_print(cli->out, "  and %zu more", now->count - most);
        (void)fputs("\033[K\n", cli->out);
    }
    (void)fputs("\033[J", cli->out);
    (void)fflush(cli->out);
}

/* ---- look after look ---- */

static void say(struct asg_cli *cli, struct asg_list_watch *watch, const char *text)
{
    asg_arena_reset(&watch->words);
    watch->note = asg_arena_text(&watch->words, text);
    if (watch->is_drawn || text[0] == '\0') return;
    (void)fflush(cli->out);
    asg_cli_print(cli->err, "openasg: %s\n", text);
    (void)fflush(cli->err);
}

/* A restart between two looks would go unseen. */
static int look_at_epoch(struct asg_cli *cli, struct asg_list_watch *watch,
                         bool *ret_is_new)
{
    const struct asg_request request = {
        .query = ASG_QUERY_STATUS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK || answer.status == NULL) return code;
    *ret_is_new = watch->epoch != 0 && answer.status->epoch != watch->epoch;
    watch->epoch = answer.status->epoch;
    return ASG_EXIT_OK;
}

/* One run of the command with its errors held back. */
static int look_once(struct asg_cli *cli, const struct asg_arguments *arguments,
                     struct asg_list_watch *watch, struct asg_hushed *hushed,
                     bool *ret_is_new)
{
    const struct asg_arena kept = cli->arena;
    asg_hush(cli, watch->before != NULL ? ANSWER_MS : 0, hushed);
    cli->arena = (struct asg_arena){0};
    int code = look_at_epoch(cli, watch, ret_is_new);
    if (code == ASG_EXIT_OK) code = arguments->command->run(cli, arguments);
    asg_arena_clear(&cli->arena);
    cli->arena = kept;
    asg_unhush(cli, hushed);
    return code;
}

static void begin_look(struct asg_list_watch *watch)
{
    watch->now = watch->before == &watch->looks[0] ? &watch->looks[1] : &watch->looks[0];
    asg_arena_reset(&watch->now->arena);
    *watch->now = (struct look){.arena = watch->now->arena};
}

static void take_look(struct asg_cli *cli, struct asg_list_watch *watch, bool is_new,
                      bool *is_away)
{
    if (*is_away || is_new) {
        say(cli, watch,
            is_new ? "the controller was restarted" : "the controller is back");
    } else if (watch->is_drawn) {
        say(cli, watch, "");
    }
    *is_away = false;
    if (watch->is_drawn) {
        draw(cli, watch);
    } else {
        print_changes(cli, watch);
    }
    watch->before = watch->now;
}

/* The list as it was stays on the screen. */
static void say_away(struct asg_cli *cli, struct asg_list_watch *watch, bool *is_away,
                     const char *reason)
{
    if (*is_away) return;
    *is_away = true;
    say(cli, watch,
        asg_arena_format(&cli->arena,
                         "the controller cannot be reached, trying again: %.*s",
                         (int)strcspn(reason, "\n"), reason));
    if (!watch->is_drawn || watch->before == NULL) return;
    watch->now = watch->before;
    draw(cli, watch);
}

static int check_form(struct asg_cli *cli)
{
    if (cli->settings.output == ASG_OUTPUT_TABLE ||
        cli->settings.output == ASG_OUTPUT_JSON)
        return ASG_EXIT_OK;
    return asg_cli_fail(cli, ASG_EXIT_USAGE,
                        "--watch shows a table or lines of JSON: leave out --output, or "
                        "write --output json");
}

int asg_watch_list_run(struct asg_cli *cli, const struct asg_arguments *arguments)
{
    int code = check_form(cli);
    if (code != ASG_EXIT_OK) return code;
    struct asg_list_watch watch = {
        .note = "",
        .every_ms = asg_option_number(arguments, "watch", 2000),
        .is_drawn = cli->settings.output == ASG_OUTPUT_TABLE && asg_cli_width(cli) > 0};
    asg_end_quietly();
    cli->watch = &watch;
    cli->fails_in_json =
        false; /* an error is said when it ends, and before it as a note */
    if (watch.is_drawn) (void)fputs("\033[2J", cli->out);
    bool is_away = false;
    for (;;) {
        ASG_CLEANUP(asg_hushed_clear) struct asg_hushed hushed = {0};
        bool is_new = false;
        begin_look(&watch);
        code = look_once(cli, arguments, &watch, &hushed, &is_new);
        bool is_first = watch.before == NULL;
        if (code == ASG_EXIT_OK) {
            take_look(cli, &watch, is_new, &is_away);
        } else if (code == ASG_EXIT_UNREACHABLE && !is_first) {
            say_away(cli, &watch, &is_away, asg_hushed_reason(&hushed));
        } else {
            asg_cli_write(cli->err, hushed.words, hushed.length);
        }
        if (code != ASG_EXIT_OK && (code != ASG_EXIT_UNREACHABLE || is_first)) break;
        asg_pause_ms(watch.every_ms);
    }
    cli->watch = NULL;
    for (size_t i = 0; i < 2; i++)
        asg_arena_clear(&watch.looks[i].arena);
    asg_arena_clear(&watch.words);
    return code;
}
