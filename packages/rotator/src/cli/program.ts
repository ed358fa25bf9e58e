import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import type { AdoptOptions } from './commands/adopt.ts'
import { EXIT, EXIT_HELP } from './exit-codes.ts'
import { addLambda } from './lambda/program.ts'
import type { AuditVerifyOptions } from './commands/audit-verify.ts'
import type { SecretOptions } from './commands/versions.ts'
import { writeOut } from './openemr/flags.ts'
import type { OpenemrOptions } from './openemr/flags.ts'
import { addOperator } from './openemr/operator-program.ts'
import type { CommonOptions, LookOptions, PlanOptions, RotateOptions } from './options.ts'
import type { RunOptions } from './options.ts'
import type { TryOptions } from './try/command.ts'

/** Is told the exit code of the command that ran. */
type Ended = (exitCode: number) => void

/**
 * Runs the command line.
 * @param args - without the program's name
 * @returns the exit code; never throws
 */
export async function main(args: readonly string[]): Promise<number> {
  const { survivePipes } = await import('./output.ts')
  survivePipes()
  const run = { exitCode: EXIT.ok as number }
  const program = buildProgram((code) => {
    run.exitCode = code
  })
  try {
    const written = args[0] === 'openemr' ? writeOut(args) : args
    await program.parseAsync([...written], { from: 'user' })
    return run.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { tellFailure } = await import('./tell-failure.ts')
    return tellFailure(error, args)
  }
}

/** The tree of commands. What they need is loaded when one is run, so that `--help` is quick. */
export function buildProgram(ended: Ended): Command {
  const program = new Command('cuedot')
    .description('Changes database credentials while applications keep running, and proves it.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(cuedot --help lists the commands)')
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    // Options belong to the command before them: `openemr` and its own commands share some names.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
  addTry(program, ended)
  addLooking(program, ended)
  addSecrets(program, ended)
  addRuns(program, ended)
  addAdopt(program, ended)
  addOpenemr(program, ended)
  addLambda(program, ended)
  addHelpers(program, ended)
  return program
}

function addTry(program: Command, ended: Ended): void {
  program
    .command('try')
    .description('see it work: a database, an application under load, rotations, failed requests')
    .option('--keep', 'leave its folder: configuration, encrypted secrets, data, logs')
    .option('--svg <file>', 'where the drawing of what happened goes')
    .option('--quick', 'two rotations instead of five')
    .action(async (options: TryOptions) => {
      const { tryCommand } = await import('./try/command.ts')
      ended(await tryCommand(options))
    })
}

function addLooking(program: Command, ended: Ended): void {
  onTarget(program, 'plan', 'what a run would do now; changes nothing')
    .option('--all', 'every target of the configuration')
    .addOption(
      new Option('--for <command>', 'which command to plan')
        .choices(['rotate', 'rehearse', 'heal', 'back-out'])
        .default('rotate'),
    )
    .option('--out <file>', 'write the plan into a new file, for approval and `--plan`')
    .addHelpText('after', '\nExit codes: 0 it would run to its end, 3 it would be refused.')
    .action(async (name: string | undefined, options: PlanOptions) => {
      const { planCommand } = await import('./commands/plan.ts')
      ended(await planCommand(name, options))
    })
  onTarget(program, 'status', 'where a target stands: ages, drift, open rotation, lock')
    .option('--all', 'every target of the configuration')
    .option('--exit-code', 'exit with 3 when a person should look')
    .action(async (name: string | undefined, options: LookOptions) => {
      const { statusCommand } = await import('./commands/status.ts')
      ended(await statusCommand(name, options))
    })
  onTarget(program, 'verify', 'try everything that a rotation needs; changes nothing')
    .option('--all', 'every target of the configuration')
    .addHelpText(
      'after',
      '\nExit codes: 0 ready, 1 something could not be reached, 3 somebody must change something.',
    )
    .action(async (name: string | undefined, options: LookOptions) => {
      const { verifyCommand } = await import('./commands/verify.ts')
      ended(await verifyCommand(name, options))
    })
}

function addSecrets(program: Command, ended: Ended): void {
  onSecret(program, 'versions', 'every version of a secret with labels and dates; reads no value')
    .addHelpText('after', '\nExit codes: 0 they are told, 1 they could not be listed.')
    .action(async (name: string | undefined, options: SecretOptions) => {
      const { versionsCommand } = await import('./commands/versions.ts')
      ended(await versionsCommand(name, options))
    })
  onSecret(program, 'health', 'the rotation of a secret by Secrets Manager: on, last, next, stuck')
    .addHelpText(
      'after',
      '\nExit codes: 0 healthy, 1 it could not be asked, 3 a person must look: rotation is off,\n' +
        'overdue, or has stopped half-way.',
    )
    .action(async (name: string | undefined, options: SecretOptions) => {
      const { healthCommand } = await import('./commands/health.ts')
      ended(await healthCommand(name, options))
    })
}

function onSecret(program: Command, name: string, description: string): Command {
  return onTarget(program, name, description)
    .option('--secret <id>', 'name or ARN of a secret of AWS, instead of a target')
    .option('--region <name>', 'where that is (default: as the AWS SDK finds it)')
}

function addRuns(program: Command, ended: Ended): void {
  const rotate = onTarget(
    program,
    'rotate',
    'change the credential, or finish the rotation that is open',
  )
  withPlan(rotate)
    .option('--force', 'start a rotation outside of every window, too; it is recorded')
    .option('--fix', 'grant the standby user what it lacks')
    .option('--compromised', 'it has leaked: admin and both slots at once, sessions are ended')
    .action(async (name: string | undefined, options: RotateOptions) => {
      if (options.compromised === true) {
        const { compromisedCommand } = await import('./commands/compromised.ts')
        return ended(await compromisedCommand(name, options))
      }
      const { runCommand } = await import('./commands/run.ts')
      ended(await runCommand('rotate', name, options))
    })
  const runs = [
    ['rehearse', 'rehearse', 'everything that a rotation does before the flip, then undone'],
    ['heal', 'converge', 'finish what is open and remove drift; start no rotation'],
    ['back-out', 'back-out', 'turn the open rotation back, before the point of no return'],
  ] as const
  for (const [command, intent, description] of runs) {
    const added = withPlan(onTarget(program, command, description))
    if (command === 'heal')
      added.option('--trust-secret', 'after a restored backup: the database gets its password')
    added.action(async (name: string | undefined, options: RunOptions) => {
      const { runCommand } = await import('./commands/run.ts')
      ended(await runCommand(intent, name, options))
    })
  }
}

function withPlan(command: Command): Command {
  return command
    .option('--plan <file>', 'carry out this plan of `cuedot plan --out` and nothing else')
    .option('--approved <hash>', 'the hash that was approved; another plan is not carried out')
}

function addAdopt(program: Command, ended: Ended): void {
  onTarget(program, 'adopt', 'take over the user that runs today; its password is not touched')
    .option('--dry-run', 'list each change in order and make none')
    .option('--standby <name>', 'user of the second slot (default: the running user with _b)')
    .option('--owner <role>', 'PostgreSQL: who owns in its place (default: the user with _owner)')
    .action(async (name: string | undefined, options: AdoptOptions) => {
      const { adoptCommand } = await import('./commands/adopt.ts')
      ended(await adoptCommand(name, options))
    })
}

function addOpenemr(program: Command, ended: Ended): void {
  const openemr = program
    .command('openemr')
    .enablePositionalOptions()
    .description('stands in for the rotation tools of openemr-on-ecs and openemr-on-eks')
    .option('--dry-run', 'tell what would be done; change nothing')
    .option('--log-json', 'JSON lines on stdout, the status object last')
    .option('--fix-permissions', 'only set the mode of sqlconf.php (0644), then exit')
    .option('--sync-db-users', 'bring users, secret and config together; start no rotation')
    .option('--owner <uid:gid>', 'with --fix-permissions: the owner, too')
    .option('--mode <octal>', 'with --fix-permissions: this mode instead')
    .showHelpAfterError()
    .addHelpText('after', '\nThe environment is that of the rotation task (docs/openemr.md).')
    .addHelpText('after', 'Exit codes: 0 done, 1 failed, 2 usage.')
    .action(async (options: OpenemrOptions) => {
      const { openemrCommand } = await import('./openemr/command.ts')
      ended(await openemrCommand(options))
    })
  addOperator(openemr, ended)
}

function addHelpers(program: Command, ended: Ended): void {
  const secret = program.command('secret').description('secrets in encrypted files')
  withCommon(
    secret
      .command('init')
      .description('put a JSON document from standard input into a new encrypted file')
      .requiredOption('--path <file>', 'the encrypted file to make')
      .requiredOption('--key-file <file>', 'its key; made with mode 0600 if it is not there'),
  ).action(async (options: CommonOptions & { path: string; keyFile: string }) => {
    const { secretInitCommand } = await import('./commands/secret-init.ts')
    ended(await secretInitCommand(options))
  })
  const audit = program.command('audit').description('the record of what cuedot has done')
  withCommon(
    audit
      .command('verify')
      .description('check that nothing in an audit file was changed, taken out or put in')
      .argument('[file]', 'the audit file; default: the one of the configuration')
      .option('--expect-head <hash>', 'a hash that a run has printed: some line must have it'),
  )
    .addHelpText('after', '\nExit codes: 0 it is whole, 3 it is not.')
    .action(async (file: string | undefined, options: AuditVerifyOptions) => {
      const { auditVerifyCommand } = await import('./commands/audit-verify.ts')
      ended(await auditVerifyCommand(file, options))
    })
  program
    .command('completion')
    .description('print a completion script: eval "$(cuedot completion bash)"')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionCommand } = await import('./completion.ts')
      ended(completionCommand(shell, program))
    })
}

function onTarget(program: Command, name: string, description: string): Command {
  const command = program
    .command(name)
    .description(description)
    .argument('[target]', 'name of the target; needed when the configuration has several')
  return withCommon(command)
}

function withCommon(command: Command): Command {
  return command
    .addOption(
      new Option('--config <file>', 'configuration').env('CUEDOT_CONFIG').default('cuedot.yaml'),
    )
    .addOption(new Option('--json', 'one JSON object on stdout').conflicts('logJson'))
    .option('--log-json', 'events as JSON lines on stdout, the result last')
    .option('--reason <text>', 'why, for the record of the rotation')
    .option('--by <name>', 'who asks, for the record and the lock (default: user@host)')
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version: found }: { version?: unknown } = JSON.parse(manifest)
  return typeof found === 'string' ? found : 'unknown'
}
