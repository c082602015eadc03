#include "text/options_complete.h"

#include <assert.h>
#include <string.h>

void asg_completion_clear(struct asg_completion *completion)
{
    asg_bytes_clear(&completion->words);
}

void asg_completion_offer(struct asg_completion *completion, const char *word,
                          const char *text)
{
    const char *begun = completion->current + strlen(completion->prefix);
    if (strncmp(word, begun, strlen(begun)) != 0 || strpbrk(word, "\t\n") != NULL) return;
    asg_bytes_append_text(&completion->words, completion->prefix);
    asg_bytes_append_text(&completion->words, word);
    if (text[0] != '\0') {
        asg_bytes_append_text(&completion->words, "\t");
        asg_bytes_append(&completion->words, text, strcspn(text, "\t\n"));
    }
    asg_bytes_append_text(&completion->words, "\n");
}

/* ---- options ---- */

static const struct asg_option *find_option(const struct asg_arguments *arguments,
                                            const char *word, size_t length)
{
    for (size_t i = 0; i < asg_options_count(arguments); i++) {
        const struct asg_option *option = asg_options_at(arguments, i);
        bool is_name = length > 2 && strlen(option->name) == length - 2 &&
                       strncmp(option->name, word + 2, length - 2) == 0;
        if (word[1] == '-' ? is_name : length == 2 && word[1] == option->letter) {
            return option;
        }
    }
    return NULL;
}

static void offer_value(struct asg_completion *completion,
                        const struct asg_option *option)
{
    if (option->type == ASG_OPTION_TEXTS) { /* a list: its last part is being written */
        const char *value = completion->current + strlen(completion->prefix);
        const char *comma = strrchr(value, ',');
        if (comma != NULL) {
            completion->prefix =
                asg_arena_text_n(completion->arena, completion->current,
                                 (size_t)(comma + 1 - completion->current));
        }
    }
    completion->names = option->complete;
    completion->has_files =
        option->type == ASG_OPTION_FILE || option->type == ASG_OPTION_FILES;
    if (option->type == ASG_OPTION_FLAG) {
        asg_completion_offer(completion, "true", "");
        asg_completion_offer(completion, "false", "");
    }
    for (size_t i = 0; option->type == ASG_OPTION_WORD && i < option->words->count; i++) {
        asg_completion_offer(completion, option->words->words[i], "");
    }
}

static void offer_options(struct asg_completion *completion)
{
    const struct asg_arguments *arguments = &completion->arguments;
    asg_completion_offer(completion, "--help", "Show what it does and its options.");
    for (size_t i = 0; i < asg_options_count(arguments); i++) {
        const struct asg_option *option = asg_options_at(arguments, i);
        bool is_over = arguments->options != NULL && arguments->options[i].is_set &&
                       option->type != ASG_OPTION_TEXTS &&
                       option->type != ASG_OPTION_FILES;
        char word[96];
        (void)snprintf(word, sizeof word, "--%s", option->name);
        if (!is_over) asg_completion_offer(completion, word, option->help);
    }
}

/* ---- commands and arguments ---- */

/* First words, each once; of a family that is no command of its own: what it has. */
static void offer_commands(struct asg_completion *completion)
{
    const struct asg_command_table *table = completion->arguments.table;
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        size_t length = strcspn(command->name, " ");
        bool is_known = command->is_hidden;
        for (size_t j = 0; j < i && !is_known; j++) {
            const char *other = table->commands[j].name;
            is_known = !table->commands[j].is_hidden && strcspn(other, " ") == length &&
                       strncmp(other, command->name, length) == 0;
        }
        if (is_known) continue;
        char word[96];
        (void)snprintf(word, sizeof word, "%.*s", (int)length, command->name);
        asg_completion_offer(completion, word,
                             command->name[length] == '\0' ? command->summary : "");
    }
}

static void offer_family(struct asg_completion *completion, const char *family)
{
    const struct asg_command_table *table = completion->arguments.table;
    size_t length = strlen(family);
    for (size_t i = 0; i < table->command_count; i++) {
        const struct asg_command_entry *command = &table->commands[i];
        bool is_of_it = strncmp(command->name, family, length) == 0 &&
                        command->name[length] == ' ' && !command->is_hidden;
        if (is_of_it) {
            asg_completion_offer(completion, command->name + length + 1,
                                 command->summary);
        }
    }
}

static void offer_argument(struct asg_completion *completion)
{
    const struct asg_arguments *arguments = &completion->arguments;
    const struct asg_command_entry *command = arguments->command;
    if (command == NULL) {
        if (arguments->family[0] == '\0') {
            offer_commands(completion);
        } else {
            offer_family(completion, arguments->family);
        }
        return;
    }
    size_t place = arguments->values.count;
    if (place == 0) offer_family(completion, command->name); /* "jobs", "jobs show" */
    if (command->argument_count == 0) return;
    size_t last = command->argument_count - 1;
    if (place > last && !command->arguments[last].is_repeated) return;
    const struct asg_argument *argument =
        &command->arguments[place < last ? place : last];
    completion->names = argument->complete;
    completion->has_files = argument->is_file;
}

void asg_options_complete(const struct asg_command_table *table, int argc, char **argv,
                          struct asg_arena *arena, struct asg_completion *ret)
{
    assert(argc > 0);
    const char *current = argc > 1 ? argv[argc - 1] : "";
    *ret = (struct asg_completion){.arena = arena, .current = current, .prefix = ""};
    const struct asg_option *open = NULL; /* its value is what is being written */
    bool is_ended = false;
    if (!asg_options_parse_begun(table, argc > 1 ? argc - 1 : 1, argv, arena,
                                 &ret->arguments, &open, &is_ended)) {
        return;
    }
    if (open != NULL) {
        offer_value(ret, open);
        return;
    }
    if (current[0] != '-' || is_ended) {
        offer_argument(ret);
        return;
    }
    const char *equal = strchr(current, '=');
    if (equal == NULL) {
        offer_options(ret);
        return;
    }
    const struct asg_option *option =
        find_option(&ret->arguments, current, (size_t)(equal - current));
    if (option == NULL) return;
    ret->prefix = asg_arena_text_n(arena, current, (size_t)(equal + 1 - current));
    offer_value(ret, option);
}

/* ---- scripts ---- */

/* What a shell calls gets the words up to the cursor and prints a line of ":" and words
 * about the rest ("files"), then a line each of what fits: the word, a tab, what it is.
 */
static const char bash_script[] =
    "# bash completion of {}, made by \"{} completion bash\"\n"
    "_{}() {\n"
    "  local words=() word i lines line files= program=${COMP_WORDS[0]/#\\~/$HOME}\n"
    "  COMPREPLY=()\n"
    "  type -P -- \"$program\" >/dev/null || program={}\n"
    "  # bash cuts words at = and :, so put them together again.\n"
    "  for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "    word=${COMP_WORDS[i]}\n"
    "    if ((${#words[@]})) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then\n"
    "      words[-1]+=$word\n"
    "    else\n"
    "      words+=(\"$word\")\n"
    "    fi\n"
    "  done\n"
    "  local current=${words[-1]} cut=\n"
    "  mapfile -t lines < <(\"$program\" __complete -- \"${words[@]}\" 2>/dev/null)\n"
    "  case ${lines[0]} in :*files*) files=1 ;; esac\n"
    "  # And what it replaces is only what comes after them.\n"
    "  case $current in *[=:]*) cut=${current%\"${current##*[=:]}\"} ;; esac\n"
    "  for line in \"${lines[@]:1}\"; do\n"
    "    word=${line%%$'\\t'*}\n"
    "    printf -v word %q \"${word#\"$cut\"}\"\n"
    "    COMPREPLY+=(\"$word\")\n"
    "  done\n"
    "  if [[ -n $files ]]; then\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < "
    "<(compgen -f -- \"${current#\"$cut\"}\")\n"
    "  fi\n"
    "}\n"
    "complete -F _{} {}\n";

static const char zsh_script[] =
    "#compdef {}\n"
    "# zsh completion of {}, made by \"{} completion zsh\"\n"
    "_{}() {\n"
    "  local -a lines fitting\n"
    "  local line word text\n"
    "  lines=(\"${(@f)$(\"${(Q)words[1]}\" __complete -- \"${(@Q)words[2,CURRENT-1]}\" "
    "\"${(Q)PREFIX}\" 2>/dev/null)}\")\n"
    "  for line in \"${(@)lines[2,-1]}\"; do\n"
    "    [[ -n $line ]] || continue\n"
    "    word=${line%%$'\\t'*}\n"
    "    text=${line#*$'\\t'}\n"
    "    word=${word//:/\\\\:}\n"
    "    if [[ $line == *$'\\t'* ]]; then\n"
    "      fitting+=(\"$word:$text\")\n"
    "    else\n"
    "      fitting+=(\"$word\")\n"
    "    fi\n"
    "  done\n"
    "  (( $#fitting )) && _describe -t {} '{}' fitting\n"
    "  if [[ ${lines[1]} == :*files* ]]; then\n"
    "    [[ $PREFIX == --*=* ]] && compset -P '*='\n"
    "    _files\n"
    "  fi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = \"_{}\" ]; then\n"
    "  _{} \"${}\"\n"
    "else\n"
    "  compdef _{} {}\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion of {}, made by \"{} completion fish\"\n"
    "function __{}_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    set -l program $words[1]\n"
    "    set -e words[1]\n"
    "    set -l lines ($program __complete -- $words \"$current\" 2>/dev/null)\n"
    "    for line in $lines[2..-1]\n"
    "        echo $line\n"
    "    end\n"
    "    if string match -q -- ':*files*' \"$lines[1]\"\n"
    "        set -l before (string match -r -- '^--[^=]*=' \"$current\")\n"
    "        __fish_complete_path (string replace -- \"$before\" '' \"$current\") |\n"
    "            string replace -r -- '^' \"$before\"\n"
    "    end\n"
    "end\n"
    "complete -c {} -f -a '(__{}_complete)'\n";

static const struct {
    const char *shell;
    const char *text;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

bool asg_options_completion_script(const struct asg_command_table *table,
                                   const char *shell, FILE *out)
{
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (strcmp(scripts[i].shell, shell) != 0) continue;
        for (const char *at = scripts[i].text; *at != '\0'; at++) {
            if (at[0] == '{' && at[1] == '}') { /* stands for the program */
                (void)fputs(table->program, out);
                at++;
            } else {
                (void)fputc(*at, out);
            }
        }
        return true;
    }
    return false;
}
