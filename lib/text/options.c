#include "text/options.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "text/nearest.h"
#include "text/parse.h"
#include "text/quantity.h"

#define NAME_BYTES_MAX 64

struct reader {
    const struct asg_command_table *table;
    struct asg_arguments *ret;
    struct asg_arena *arena;
    struct asg_error *error;
    int argc;
    char **argv;
    int at;
    bool is_ended; /* "--" was met */
};

/* Options of the command first: they hide those of lists and of the whole table. */
static size_t own_count(const struct asg_arguments *arguments)
{
    return arguments->command != NULL ? arguments->command->option_count : 0;
}

static size_t list_count(const struct asg_arguments *arguments)
{
    bool is_list = arguments->command != NULL && arguments->command->is_list;
    return is_list ? arguments->table->list_option_count : 0;
}

size_t asg_options_count(const struct asg_arguments *arguments)
{
    return own_count(arguments) + list_count(arguments) + arguments->table->option_count;
}

const struct asg_option *asg_options_at(const struct asg_arguments *arguments,
                                        size_t index)
{
    size_t own = own_count(arguments);
    size_t list = list_count(arguments);
    if (index < own) return &arguments->command->options[index];
    if (index < own + list) return &arguments->table->list_options[index - own];
    return &arguments->table->options[index - own - list];
}

static const struct asg_option_value *value_of(const struct asg_arguments *arguments,
                                               const char *name)
{
    for (size_t i = 0; i < asg_options_count(arguments); i++) {
        if (strcmp(asg_options_at(arguments, i)->name, name) == 0) {
            return &arguments->options[i];
        }
    }
    static const struct asg_option_value not_given;
    return &not_given; /* this command does not have it */
}

bool asg_option_is_set(const struct asg_arguments *arguments, const char *name)
{
    return value_of(arguments, name)->is_set;
}

const char *asg_option_text(const struct asg_arguments *arguments, const char *name)
{
    return value_of(arguments, name)->text;
}

int64_t asg_option_number(const struct asg_arguments *arguments, const char *name,
                          int64_t otherwise)
{
    const struct asg_option_value *value = value_of(arguments, name);
    return value->is_set ? value->number : otherwise;
}

bool asg_option_flag(const struct asg_arguments *arguments, const char *name)
{
    return asg_option_number(arguments, name, 0) != 0;
}

struct asg_texts asg_option_texts(const struct asg_arguments *arguments, const char *name)
{
    return value_of(arguments, name)->texts;
}

const char *asg_argument_text(const struct asg_arguments *arguments, size_t place)
{
    return place < arguments->values.count ? arguments->values.items[place] : NULL;
}

const struct asg_command_entry *asg_options_find_command(
    const struct asg_command_table *table, const char *name)
{
    for (size_t i = 0; i < table->command_count; i++) {
        if (strcmp(table->commands[i].name, name) == 0) return &table->commands[i];
    }
    return NULL;
}

static bool is_family(const struct asg_command_table *table, const char *words)
{
    size_t length = strlen(words);
    for (size_t i = 0; i < table->command_count; i++) {
        const char *name = table->commands[i].name;
        if (strncmp(name, words, length) == 0 && name[length] == ' ') return true;
    }
    return false;
}

/* "group create" of the words that are no options; the rest are arguments. An option
 * may stand before the command's words ("openasg -o json status"). */
static const struct asg_command_entry *find_words(const struct asg_command_table *table,
                                                  const char *first, const char *second,
                                                  struct asg_arena *arena,
                                                  bool *ret_takes_second)
{
    *ret_takes_second = false;
    if (second != NULL) {
        const char *both = asg_arena_format(arena, "%s %s", first, second);
        const struct asg_command_entry *command = asg_options_find_command(table, both);
        *ret_takes_second = command != NULL;
        if (command != NULL) return command;
    }
    return asg_options_find_command(table, first);
}

static enum asg_status unknown_command(const struct reader *reader, const char *given)
{
    const struct asg_command_table *table = reader->table;
    struct asg_nearest nearest = {0};
    for (size_t i = 0; i < table->command_count; i++) {
        const char *name = table->commands[i].name;
        if (!table->commands[i].is_hidden) asg_nearest_offer(&nearest, given, name);
        size_t length = strcspn(name, " ");
        asg_nearest_offer(&nearest, given, asg_arena_text_n(reader->arena, name, length));
    }
    if (nearest.word != NULL) {
        return asg_fail(reader->error, ASG_ERR_INVALID,
                        "no command \"%.80s\"; did you mean \"%s\"?", given,
                        nearest.word);
    }
    return asg_fail(reader->error, ASG_ERR_INVALID,
                    "no command \"%.80s\"; %s --help lists them", given, table->program);
}

static const struct asg_option *find_option(const struct reader *reader, const char *name,
                                            size_t *ret_index)
{
    for (size_t i = 0; i < asg_options_count(reader->ret); i++) {
        const struct asg_option *option = asg_options_at(reader->ret, i);
        bool is_letter = name[0] == option->letter && name[1] == '\0';
        bool is_old = option->old_name != NULL && strcmp(option->old_name, name) == 0;
        if (strcmp(option->name, name) == 0 || is_old ||
            (option->letter != 0 && is_letter)) {
            *ret_index = i;
            return option;
        }
    }
    return NULL;
}

/* For a letter that is none: the first option that begins with it, the command's own
 * first. */
static const char *begins_with(const struct reader *reader, char letter)
{
    for (size_t i = 0; i < asg_options_count(reader->ret); i++) {
        const char *name = asg_options_at(reader->ret, i)->name;
        if (name[0] == letter) return name;
    }
    return NULL;
}

/* `given` as it was written, with `dashes` before it. */
static enum asg_status unknown_option(const struct reader *reader, const char *dashes,
                                      const char *given)
{
    struct asg_nearest nearest = {0};
    const char *command = reader->ret->command != NULL ? reader->ret->command->name
                                                       : reader->table->program;
    for (size_t i = 0; i < asg_options_count(reader->ret); i++) {
        const struct asg_option *option = asg_options_at(reader->ret, i);
        bool is_denied = option->type == ASG_OPTION_FLAG &&
                         strncmp(given, "no-", 3) == 0 &&
                         strcmp(given + 3, option->name) == 0;
        if (is_denied) {
            return asg_fail(reader->error, ASG_ERR_INVALID,
                            "\"%s\" has no option %s%.60s; write --%s=false", command,
                            dashes, given, option->name);
        }
        asg_nearest_offer(&nearest, given, option->name);
    }
    if (nearest.word == NULL && given[0] != '\0' && given[1] == '\0') {
        nearest.word = begins_with(reader, given[0]);
    }
    if (nearest.word != NULL) {
        return asg_fail(reader->error, ASG_ERR_INVALID,
                        "\"%s\" has no option %s%.60s; did you mean --%s?", command,
                        dashes, given, nearest.word);
    }
    return asg_fail(reader->error, ASG_ERR_INVALID,
                    "\"%s\" has no option %s%.60s; --help lists them", command, dashes,
                    given);
}

static enum asg_status refuse(const struct reader *reader,
                              const struct asg_option *option, const char *text,
                              const char *wanted)
{
    return asg_fail(reader->error, ASG_ERR_INVALID, "--%s cannot be \"%.80s\": write %s",
                    option->name, text, wanted);
}

static void print_number(const struct asg_option *option, int64_t value,
                         char text[ASG_QUANTITY_TEXT_MAX])
{
    if (option->type == ASG_OPTION_DURATION) {
        asg_quantity_print_duration(value, text);
    } else if (option->type == ASG_OPTION_MILLI) {
        asg_quantity_print_milli(value, text);
    } else {
        (void)snprintf(text, ASG_QUANTITY_TEXT_MAX, "%" PRId64, value);
    }
}

static enum asg_status take_number(const struct reader *reader,
                                   const struct asg_option *option, const char *text,
                                   int64_t *ret)
{
    if (option->type == ASG_OPTION_NUMBER && !asg_quantity_integer(text, ret)) {
        return refuse(reader, option, text, "a whole number");
    }
    if (option->type == ASG_OPTION_DURATION && !asg_quantity_duration(text, ret)) {
        return refuse(reader, option, text, "a number with its unit: 500ms, 5s, 10m, 1h");
    }
    if (option->type == ASG_OPTION_MILLI && !asg_quantity_milli(text, ret)) {
        return refuse(reader, option, text, "a number with at most three decimals");
    }
    bool is_checked = option->min != 0 || option->max != 0;
    if (is_checked && (*ret < option->min || *ret > option->max)) {
        char min[ASG_QUANTITY_TEXT_MAX];
        char max[ASG_QUANTITY_TEXT_MAX];
        print_number(option, option->min, min);
        print_number(option, option->max, max);
        return asg_fail(reader->error, ASG_ERR_INVALID, "--%s is %.40s: must be %s to %s",
                        option->name, text, min, max);
    }
    return ASG_OK;
}

static enum asg_status take_word(const struct reader *reader,
                                 const struct asg_option *option, const char *text,
                                 int64_t *ret)
{
    *ret = asg_enum_value(option->words, text);
    if (*ret >= 0) return ASG_OK;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes advice = {0};
    asg_words_advise(option->words, text, &advice);
    return asg_fail(reader->error, ASG_ERR_INVALID, "--%s cannot be \"%.80s\"%s",
                    option->name, text, asg_bytes_text(&advice));
}

static enum asg_status append_texts(const struct reader *reader, const char *what,
                                    const char *text, bool cut_at_commas,
                                    struct asg_texts *texts, size_t *capacity)
{
    struct asg_texts more = {&text, 1};
    if (cut_at_commas) more = asg_parse_commas(text, reader->arena);
    if (texts->count + more.count > ASG_OPTION_VALUES_MAX) {
        return asg_fail(reader->error, ASG_ERR_LIMIT, "%s is given more than %d times",
                        what, ASG_OPTION_VALUES_MAX);
    }
    for (size_t i = 0; i < more.count; i++) {
        const char **slot = asg_arena_push(reader->arena, (void **)&texts->items,
                                           &texts->count, capacity, sizeof *slot);
        *slot = more.items[i];
    }
    return ASG_OK;
}

static enum asg_status take_value(struct reader *reader, const struct asg_option *option,
                                  const char *text, struct asg_option_value *value)
{
    value->is_set = true;
    value->text = text;
    bool is_true = true;
    switch (option->type) {
    case ASG_OPTION_FLAG:
        if (!asg_quantity_bool(text, &is_true)) {
            return refuse(reader, option, text, "true or false");
        }
        value->number = is_true;
        return ASG_OK;
    case ASG_OPTION_NUMBER:
    case ASG_OPTION_DURATION:
    case ASG_OPTION_MILLI: return take_number(reader, option, text, &value->number);
    case ASG_OPTION_WORD: return take_word(reader, option, text, &value->number);
    case ASG_OPTION_TEXTS:
    case ASG_OPTION_FILES:
        return append_texts(reader, option->name, text, option->type == ASG_OPTION_TEXTS,
                            &value->texts, &value->capacity);
    case ASG_OPTION_TEXT:
    case ASG_OPTION_FILE: break;
    }
    return ASG_OK;
}

/* "-ojson": a letter and its value in one. NULL: it is nothing of that kind. */
static const struct asg_option *find_letter(const struct reader *reader,
                                            const char *argument, size_t *ret_index)
{
    if (argument[1] == '-' || argument[2] == '\0' || argument[2] == '=') return NULL;
    const char letter[] = {argument[1], '\0'};
    const struct asg_option *option = find_option(reader, letter, ret_index);
    bool is_letter = option != NULL && option->letter == argument[1];
    return is_letter && option->type != ASG_OPTION_FLAG ? option : NULL;
}

static enum asg_status take_option(struct reader *reader, const char *argument)
{
    size_t at = 0;
    const struct asg_option *joined = find_letter(reader, argument, &at);
    if (joined != NULL) {
        return take_value(reader, joined, argument + 2, &reader->ret->options[at]);
    }
    const char *name = argument + (argument[1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    const char *text = name[length] == '=' ? name + length + 1 : NULL;
    char spelled[NAME_BYTES_MAX];
    (void)snprintf(spelled, sizeof spelled, "%.*s",
                   (int)(length < sizeof spelled ? length : sizeof spelled - 1), name);
    if (strcmp(spelled, "help") == 0 || strcmp(spelled, "h") == 0) {
        reader->ret->wants_help = true;
        return ASG_OK;
    }
    size_t index = 0;
    const struct asg_option *option = find_option(reader, spelled, &index);
    if (option == NULL) {
        return unknown_option(reader, argument[1] == '-' ? "--" : "-", spelled);
    }
    if (text == NULL && option->type == ASG_OPTION_FLAG) text = "true";
    if (text == NULL) text = option->implied;
    if (text == NULL && reader->at + 1 >= reader->argc) {
        return asg_fail(reader->error, ASG_ERR_INVALID, "--%s needs a value: %s",
                        option->name, option->value != NULL ? option->value : "TEXT");
    }
    if (text == NULL) text = reader->argv[++reader->at];
    return take_value(reader, option, text, &reader->ret->options[index]);
}

/* A negative number is none. */
static bool looks_like_option(const char *argument)
{
    bool is_number = argument[1] >= '0' && argument[1] <= '9';
    return argument[0] == '-' && argument[1] != '\0' && !is_number;
}

/* Does the option before the command's words take the next word as its value? */
static bool takes_next(const struct asg_command_table *table, const char *argument)
{
    const char *name = argument + (argument[1] == '-' ? 2 : 1);
    if (strchr(name, '=') != NULL) return false;
    for (size_t i = 0; i < table->option_count; i++) {
        const struct asg_option *option = &table->options[i];
        bool is_letter = name[0] == option->letter && name[1] == '\0';
        if (strcmp(option->name, name) == 0 || (option->letter != 0 && is_letter)) {
            return option->type != ASG_OPTION_FLAG && option->implied == NULL;
        }
    }
    return false;
}

/* Find the command and mark its words in argv, which is then walked without them. */
static enum asg_status find_command(struct reader *reader, int words[2])
{
    int found = 0;
    for (int i = 1; i < reader->argc && found < 2; i++) {
        const char *argument = reader->argv[i];
        if (strcmp(argument, "--") == 0) break;
        if (!looks_like_option(argument)) {
            words[found++] = i;
        } else if (takes_next(reader->table, argument)) {
            i++;
        }
    }
    struct asg_arguments *ret = reader->ret;
    if (found == 0) return ASG_OK;
    const char *first = reader->argv[words[0]];
    const char *second = found == 2 ? reader->argv[words[1]] : NULL;
    bool takes_second = false;
    ret->command = find_words(reader->table, first, second, reader->arena, &takes_second);
    if (!takes_second) words[1] = 0;
    if (ret->command != NULL) return ASG_OK;
    if (!is_family(reader->table, first)) return unknown_command(reader, first);
    ret->family = first;
    if (second == NULL) return ASG_OK;
    const char *both = asg_arena_format(reader->arena, "%s %s", first, second);
    return unknown_command(reader, both);
}

static enum asg_status check_counts(const struct reader *reader)
{
    const struct asg_arguments *ret = reader->ret;
    const struct asg_command_entry *command = ret->command;
    size_t needed = 0;
    bool is_open = false;
    for (size_t i = 0; i < command->argument_count; i++) {
        needed += !command->arguments[i].is_optional;
        is_open = is_open || command->arguments[i].is_repeated;
    }
    const char *usage = asg_options_usage(reader->table, command, reader->arena);
    if (ret->values.count < needed) {
        return asg_fail(reader->error, ASG_ERR_INVALID, "%s is missing: %s",
                        command->arguments[ret->values.count].name, usage);
    }
    if (!is_open && ret->values.count > command->argument_count) {
        return asg_fail(reader->error, ASG_ERR_INVALID, "\"%.80s\" is too much: %s",
                        ret->values.items[command->argument_count], usage);
    }
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].is_required && !ret->options[i].is_set) {
            return asg_fail(reader->error, ASG_ERR_INVALID, "--%s is missing: %s",
                            command->options[i].name, usage);
        }
    }
    return ASG_OK;
}

enum asg_status asg_options_parse(const struct asg_command_table *table, int argc,
                                  char **argv, struct asg_arena *arena,
                                  struct asg_arguments *ret, struct asg_error *error)
{
    *ret = (struct asg_arguments){.table = table, .family = ""};
    if (argc > 1 && strcmp(argv[1], "help") == 0) { /* "help group" is "group --help" */
        ret->wants_help = true;
        argc--;
        argv++;
    }
    struct reader reader = {.table = table,
                            .ret = ret,
                            .arena = arena,
                            .error = error,
                            .argc = argc,
                            .argv = argv};
    int words[2] = {0, 0};
    enum asg_status status = find_command(&reader, words);
    if (status != ASG_OK) return status;
    ret->options =
        asg_arena_take(arena, (asg_options_count(ret) + 1) * sizeof *ret->options);
    for (reader.at = 1; reader.at < argc; reader.at++) {
        const char *argument = argv[reader.at];
        if (!reader.is_ended && strcmp(argument, "--") == 0) {
            reader.is_ended = true;
        } else if (!reader.is_ended && looks_like_option(argument)) {
            status = take_option(&reader, argument);
        } else if (reader.at != words[0] && reader.at != words[1]) {
            status =
                append_texts(&reader, "an argument", argument,
                             /* cut_at_commas */ false, &ret->values, &ret->capacity);
        }
        if (status != ASG_OK) return status;
    }
    if (ret->wants_help) return ASG_OK;
    return ret->command != NULL ? check_counts(&reader) : ASG_OK;
}

/* Does this word, an option, leave its value to the next one? */
static const struct asg_option *find_open(const struct reader *reader, const char *word)
{
    size_t index = 0;
    if (strchr(word, '=') != NULL || find_letter(reader, word, &index) != NULL)
        return NULL;
    const struct asg_option *option =
        find_option(reader, word + (word[1] == '-' ? 2 : 1), &index);
    bool needs_one =
        option != NULL && option->type != ASG_OPTION_FLAG && option->implied == NULL;
    return needs_one ? option : NULL;
}

bool asg_options_parse_begun(const struct asg_command_table *table, int argc, char **argv,
                             struct asg_arena *arena, struct asg_arguments *ret,
                             const struct asg_option **ret_open, bool *ret_is_ended)
{
    *ret = (struct asg_arguments){.table = table, .family = ""};
    *ret_open = NULL;
    struct asg_error error;
    struct reader reader = {.table = table,
                            .ret = ret,
                            .arena = arena,
                            .error = &error,
                            .argc = argc,
                            .argv = argv};
    int words[2] = {0, 0};
    if (find_command(&reader, words) != ASG_OK) return false;
    ret->options =
        asg_arena_take(arena, (asg_options_count(ret) + 1) * sizeof *ret->options);
    for (reader.at = 1; reader.at < argc; reader.at++) {
        const char *argument = argv[reader.at];
        if (!reader.is_ended && strcmp(argument, "--") == 0) {
            reader.is_ended = true;
        } else if (!reader.is_ended && looks_like_option(argument)) {
            *ret_open = reader.at + 1 == argc ? find_open(&reader, argument) : NULL;
            /* What is wrong with it is said when it is run. */
            if (*ret_open == NULL) (void)!take_option(&reader, argument);
        } else if (reader.at != words[0] && reader.at != words[1]) {
            (void)!append_texts(&reader, "an argument", argument,
                                /* cut_at_commas */ false, &ret->values, &ret->capacity);
        }
    }
    *ret_is_ended = reader.is_ended;
    return true;
}
