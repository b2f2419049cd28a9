import { StuntdoubleError } from "../core/errors.ts";
import { parseWords, type Command } from "./args.ts";
import { exitCodes } from "./exit-codes.ts";

const usage = `Prints a script that completes commands and options in a shell.

  stuntdouble completion SHELL

  SHELL  bash, zsh or fish

Exit codes: 0 success, 2 invalid arguments

Examples
  source <(stuntdouble completion bash)
  stuntdouble completion fish > ~/.config/fish/completions/stuntdouble.fish
`;

/** What can follow the name of a command. */
type Completable = {
  readonly name: string;
  readonly summary: string;
  /** The words that say what it does, such as `start` of `chaos`, and those that stand for an id, such as `latest`. */
  readonly actions: readonly string[];
  readonly options: readonly string[];
};

/** Makes `stuntdouble completion` for the other commands; what they take is read from their help. */
export function createCompletion(others: readonly Command[]): Command {
  const self: Command = {
    name: "completion",
    summary: "print a script that completes commands in a shell",
    usage,
    async run(args, io) {
      const { words } = parseWords(args, {});
      const [shell = "", ...more] = words;
      const script = Object.hasOwn(scripts, shell) && more.length === 0 ? scripts[shell] : undefined;
      if (script === undefined)
        throw new StuntdoubleError("CONFIG_INVALID", `expected one of ${Object.keys(scripts).join(", ")}.`);
      io.out(script([...others, self].map(completable)));
      return exitCodes.good;
    },
  };
  return self;
}

function completable({ name, summary, usage: help }: Command): Completable {
  const actions = [...help.matchAll(new RegExp(`^  stuntdouble ${name} ([a-z][a-z-]*)(?= |$)`, "gm"))].map(
    ([, word = ""]) => word,
  );
  const ids = [...help.matchAll(/\[ID \| ([a-z]+)\]/g)].map(([, word = ""]) => word);
  const options = [...help.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
  return {
    name,
    summary,
    actions: unique(name === "completion" ? Object.keys(scripts) : [...actions, ...ids]),
    options: unique([...options, "--help"]),
  };
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

const scripts: Readonly<Record<string, (commands: readonly Completable[]) => string>> = {
  bash: (commands) => `_stuntdouble() {
  local words
  if ((COMP_CWORD == 1)); then
    words='${commands.map(({ name }) => name).join(" ")} --help --version'
  else
    case \${COMP_WORDS[1]} in
${commands.map(({ name, actions, options }) => `      ${name}) words='${[...actions, ...options].join(" ")}' ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _stuntdouble stuntdouble
`,
  zsh: (commands) => `#compdef stuntdouble
_stuntdouble() {
  if ((CURRENT == 2)); then
    local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(" ")})
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(({ name, actions, options }) => `    ${name}) compadd -- ${[...actions, ...options].join(" ")} ;;`).join("\n")}
  esac
  _files
}
compdef _stuntdouble stuntdouble
`,
  fish: (commands) =>
    commands
      .flatMap(({ name, summary, actions, options }) => [
        `complete -c stuntdouble -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
        ...actions.map((word) => `complete -c stuntdouble -n '__fish_seen_subcommand_from ${name}' -f -a ${word}`),
        ...options.map(
          (option) => `complete -c stuntdouble -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
        ),
      ])
      .join("\n")
      .concat("\n"),
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
