import { Option } from 'commander'
import type { Command } from 'commander'
import { ROTATION_STEPS } from '../../domain/four-steps.ts'
import type { BuildOptions } from './build.ts'
import type { InvokeOptions } from './invoke.ts'
import type { RestoreOptions } from './restore.ts'
import type { SecretOptions } from './visits.ts'

/** Is told the exit code of the command that ran. */
type Ended = (exitCode: number) => void

const VARIABLES =
  '\nThe variables of the function count here, too (docs/lambda.md). Exit codes: 0 done, ' +
  '1 failed, 3 refused, 5 stopped half-way, 6 locked.'

/** The commands around rotation functions of AWS Secrets Manager. */
export function addLambda(program: Command, ended: Ended): void {
  const lambda = program
    .command('lambda')
    .description('the rotation function for AWS Secrets Manager')
  lambda
    .command('build')
    .description('write rotation.zip and restart.zip, ready to be uploaded')
    .requiredOption('--out <folder>', 'where they go; made where it is missing')
    .option('--json', 'one JSON object on stdout')
    .action(async (options: BuildOptions) => {
      const { lambdaBuildCommand } = await import('./build.ts')
      ended(await lambdaBuildCommand(options))
    })
  onSecret(lambda.command('invoke').description('make the steps of a rotation'))
    .option('--local', 'in this process, with its credentials')
    .addOption(new Option('--step <step>', 'only this one').choices([...ROTATION_STEPS]))
    .option('--token <id>', 'id of the version that the rotation makes (default: a new one)')
    .action(async (options: InvokeOptions) => {
      const { lambdaInvokeCommand } = await import('./invoke.ts')
      ended(await lambdaInvokeCommand(options))
    })
  onSecret(
    lambda.command('heal').description('end a rotation that Secrets Manager has given up'),
  ).action(async (options: SecretOptions) => {
    const { healSecret } = await import('../../engine/four-steps/heal.ts')
    const { workOnSecret } = await import('./visits.ts')
    ended(await workOnSecret(options, healSecret))
  })
  onSecret(program.command('restore').description('bring an earlier version of a secret back'))
    .requiredOption('--to <id>', 'id of the version (`cuedot versions` lists them)')
    .action(async (options: RestoreOptions) => {
      const { restoreCommand } = await import('./restore.ts')
      ended(await restoreCommand(options))
    })
}

function onSecret(command: Command): Command {
  return command
    .requiredOption('--secret <id>', 'name or ARN')
    .option('--region <region>', 'default: that of the ARN, or of the AWS configuration')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', VARIABLES)
}
