import { Option } from 'commander'
import type { Command } from 'commander'
import type { FixOptions, LaunchOptions } from './operator-options.ts'
import type { VerifyOptions } from './operator-verify.ts'

/** Is told the exit code of the command that ran. */
type Ended = (exitCode: number) => void

const EXITS = '\nExit codes: 0 done, 1 failed, 2 usage. The variables are in docs/openemr.md.'

/** Adds what operators call by hand: `run`, `verify`, `fix-permissions`. */
export function addOperator(openemr: Command, ended: Ended): void {
  withPlace(openemr.command('run'))
    .description('start the rotation where the application runs; return its exit code')
    .argument('[flags...]', 'behind --: flags of the rotation, as --dry-run or --sync-db-users')
    .action(async (flags: readonly string[], options: LaunchOptions) => {
      const { runOperator } = await import('./operator.ts')
      ended(await runOperator(flags, options))
    })
  withPlace(openemr.command('verify'))
    .description('try everything that a rotation needs, here or where it runs; changes nothing')
    .option('--log-json', 'a JSON object for each check, the status object last')
    .action(async (options: VerifyOptions) => {
      const { verifyOperator } = await import('./operator-verify.ts')
      ended(await verifyOperator(options))
    })
  withPlace(openemr.command('fix-permissions'))
    .description('set the mode of sqlconf.php where the volume is mounted')
    .option('--dry-run', 'tell what would be done; change nothing')
    .option('--owner <uid:gid>', 'the owner, too')
    .option('--mode <octal>', 'this mode instead of 0644')
    .action(async (options: FixOptions) => {
      const { fixOperator } = await import('./operator.ts')
      ended(await fixOperator(options))
    })
}

function withPlace(command: Command): Command {
  return command
    .addOption(new Option('--task', 'in a task of ECS').helpGroup('Where it runs:'))
    .addOption(new Option('--job', 'in a Job of Kubernetes').helpGroup('Where it runs:'))
    .optionsGroup('ECS:')
    .option('--cluster <name>', 'OPENEMR_ECS_CLUSTER')
    .option('--service <name>', 'OPENEMR_ECS_SERVICE: its network is the task’s')
    .option('--task-definition <name>', 'OPENEMR_ROTATION_TASK_DEFINITION: family or ARN')
    .option('--container <name>', 'the one that runs cuedot, where there are several')
    .option('--region <name>', 'AWS_REGION')
    .optionsGroup('EKS:')
    .option('--namespace <name>', 'K8S_NAMESPACE (default: openemr)')
    .option('--cron-job <name>', 'what the Job is made from (default: credential-rotation)')
    .option('--manifest <file>', 'what it is made from instead: a Job or a CronJob')
    .option('--image <image>', 'CREDENTIAL_ROTATION_IMAGE: instead of the one that it names')
    .option('--context <name>', 'of the kubeconfig')
    .option('--attach', 'follow the Job that runs already, start none')
    .optionsGroup('Output:')
    .option('--limit <time>', 'follow it no longer than this; it is never stopped', '150m')
    .option('--no-json', 'do not pass --log-json on')
    .optionsGroup('')
    .showHelpAfterError()
    .addHelpText('after', EXITS)
}
