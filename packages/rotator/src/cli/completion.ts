import type { Command, Option } from 'commander'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { UsageError } from './options.ts'
import { print } from './output.ts'

/** One command as completion sees it. */
interface Entry {
  /** Names from below the program, as `secret init`; empty for the program itself. */
  readonly path: string
  readonly description: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly Option[]
  /** Fixed words for the first argument. */
  readonly words: readonly string[]
}

const SHELLS: Readonly<Record<string, (entries: readonly Entry[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `completion`: a script made from the tree of commands. */
export function completionCommand(shell: string | undefined, program: Command): ExitCode {
  const script = shell === undefined ? undefined : SHELLS[shell]
  if (script === undefined)
    throw new UsageError(
      'There is no completion for this shell.',
      `Name one of: ${Object.keys(SHELLS).join(', ')}.`,
    )
  print(script(entriesOf(program, [])))
  return EXIT.ok
}

function entriesOf(command: Command, path: readonly string[]): readonly Entry[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command).filter((child) => child.name() !== 'help')
  const entry = {
    path: path.join(' '),
    description: command.description(),
    commands: commands.map((child) => ({ name: child.name(), description: child.description() })),
    options: help.visibleOptions(command),
    words: command.name() === 'completion' ? Object.keys(SHELLS) : [],
  }
  return [entry, ...commands.flatMap((child) => entriesOf(child, [...path, child.name()]))]
}

const isFile = (option: Option): boolean => /<file>/.test(option.flags)

function wordsOf({ commands, options, words }: Entry): string {
  const flags = options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]))
  return [...commands.map(({ name }) => name), ...words, ...flags].join(' ')
}

/** The words before the cursor that are commands choose the case. */
function bashScript(entries: readonly Entry[]): string {
  const paths = entries.map(({ path }) => path).filter((path) => path !== '')
  const files = [...new Set(entries.flatMap(({ options }) => options.filter(isFile)))]
  const cases = entries.map((entry) => `    '${entry.path}') words='${wordsOf(entry)}' ;;`)
  const longs = [...new Set(files.map(({ long }) => long))].join('|')
  return `# bash completion for cuedot
_cuedot() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' words='' word
  COMPREPLY=()
  case "$previous" in
    ${longs}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths.map((path) => `'${path}'`).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _cuedot cuedot`
}

/** zsh runs the bash script through its own emulation of bash's completion. */
function zshScript(entries: readonly Entry[]): string {
  const bash = bashScript(entries).replaceAll(
    /mapfile -t COMPREPLY < <\((compgen [^)]*)\)/g,
    'COMPREPLY=($($1))',
  )
  return `autoload -U +X bashcompinit && bashcompinit\n${bash.replace('# bash', '# zsh')}`
}

function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const seen = entry.path === '' ? [] : entry.path.split(' ')
    const within = [
      ...seen.map((name) => `__fish_seen_subcommand_from ${name}`),
      ...(entry.commands.length > 0
        ? [`not __fish_seen_subcommand_from ${entry.commands.map(({ name }) => name).join(' ')}`]
        : []),
    ].join('; and ')
    const when = `complete -c cuedot -n ${quote(within === '' ? 'true' : within)}`
    return [
      ...entry.commands.map(
        (child) => `${when} -f -a ${child.name} -d ${quote(child.description)}`,
      ),
      ...entry.words.map((word) => `${when} -f -a ${word}`),
      ...entry.options.map((option) => fishOption(when, option)),
    ]
  })
  return ['# fish completion for cuedot', ...lines].join('\n')
}

function fishOption(when: string, option: Option): string {
  const takes = option.required ? (isFile(option) ? ' -r -F' : ' -r -f') : ' -f'
  return `${when} -l ${(option.long ?? '').slice(2)}${takes} -d ${quote(option.description)}`
}

/** A word in single quotes for a shell: none of our own texts is executed. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
