import { parseArgs } from 'node:util'
import { agentVersion, startWith } from './agent.ts'
import { readConfigFile } from './config/config-file.ts'
import { readSettings } from './config/settings.ts'
import { AgentError } from './errors.ts'
import { surroundings } from './surroundings.ts'

const HELP = `Usage: cuedot-agent [--config FILE]

Serves secrets of AWS Secrets Manager over HTTP on this machine, cached.

  -c, --config FILE  TOML, with the keys of AWS's Secrets Manager Agent
  -h, --help         this text
      --version      the version

It stops on SIGTERM and SIGINT. Exit codes: 0 stopped, 1 cannot start, 2 wrong configuration.
`

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

/** Runs the command until it is told to stop. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values } = parsed(args)
    if (values.help) return tell(HELP)
    if (values.version) return tell(`${agentVersion()}\n`)
    const config = values.config === undefined ? {} : await readConfigFile(values.config)
    const told = Promise.withResolvers<void>()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, told.resolve)
    await using agent = await startWith(readSettings(config), surroundings.environment)
    tell(`cuedot-agent/${agentVersion()} listening on ${agent.address}\n`)
    await told.promise
    return 0
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    const lines = error.message.split('\n').map((line) => `cuedot-agent: ${line}\n`)
    process.stderr.write(lines.join(''))
    return error.code === 'ERR_CONFIG' ? 2 : 1
  }
}

function parsed(args: readonly string[]): { values: Values } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS })
  } catch (error) {
    // Node's sentences name the option; the first is enough.
    const [problem = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new AgentError('ERR_CONFIG', `${problem}; see cuedot-agent --help`)
  }
}

interface Values {
  readonly config?: string
  readonly help?: boolean
  readonly version?: boolean
}

function tell(text: string): number {
  process.stdout.write(text)
  return 0
}
