import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const FOLLOW = unit('src/cli/openemr/operator-follow.test.ts')
const TEMPLATE = unit('src/adapters/kubernetes/job-template.test.ts')
const TASK = unit('src/adapters/ecs/task-state.test.ts')
const ECS = real('test/openemr-operator-ecs.int.test.ts')
const EKS = real('test/openemr-operator-eks.int.test.ts')
const VERIFY = real('test/openemr-operator-verify.int.test.ts')

/** Bugs in what operators of OpenEMR start by hand. */
export const OPERATOR_MUTANTS: readonly Mutant[] = [
  {
    name: 'takes a task without an exit code for one that ended well',
    harm: 'CI is green for an image that could not be pulled (W23).',
    file: 'adapters/ecs/task-state.ts',
    text: 'if (ours?.exitCode !== undefined)',
    replacement: 'if (ours && (ours.exitCode ??= 0) !== undefined)',
    lane: TASK,
  },
  {
    name: 'takes the exit code of a neighbour for that of cuedot',
    harm: 'CI is green because a proxy has ended well.',
    file: 'adapters/ecs/task-state.ts',
    text: 'containers.find(({ name }) => name === container)',
    replacement: 'containers[0]',
    lane: TASK,
  },
  {
    name: 'follows for ever what nobody can tell of',
    harm: 'A pipeline hangs until somebody looks.',
    file: 'cli/openemr/operator-follow.ts',
    text: "retry === 'never' || silentMs >= PATIENCE_MS",
    replacement: "retry === 'never'",
    lane: FOLLOW,
  },
  {
    name: 'lets go when the platform is silent once',
    harm: 'A pipeline is red while the rotation goes on.',
    file: 'cli/openemr/operator-follow.ts',
    text: "retry === 'never' || silentMs >= PATIENCE_MS",
    replacement: 'silentMs >= 0',
    lane: FOLLOW,
  },
  {
    name: 'leaves before the last lines of a log have come',
    harm: 'The line that says why it failed is missing.',
    file: 'cli/openemr/operator-follow.ts',
    text: 'if (this.#isComplete || silentMs >= logLagMs || stop.aborted) return',
    replacement: 'if (silentMs >= 0) return',
    lane: FOLLOW,
  },
  {
    name: 'lets Kubernetes repeat a rotation that has failed',
    harm: 'A rotation that somebody should look at is run six more times.',
    file: 'adapters/kubernetes/job-template.ts',
    text: 'backoffLimit: 0',
    replacement: 'backoffLimit: 6',
    lane: TEMPLATE,
  },
  {
    name: 'starts a Job with placeholders that nothing fills',
    harm: 'An image called ${IMAGE} is pulled for two hours (W37).',
    file: 'adapters/kubernetes/job-template.ts',
    text: 'if (missing.size === 0) return result',
    replacement: 'if (missing.size >= 0) return result',
    lane: TEMPLATE,
  },
  {
    name: 'starts a Job beside one that may run',
    harm: 'Two rotations wait for each other, and the second one fails (W24).',
    file: 'adapters/kubernetes/job-launcher.ts',
    text: 'if (names.length > 0)',
    replacement: 'if (names.length > 99)',
    lane: EKS,
  },
  {
    name: 'passes the exit code of a killed container on',
    harm: 'Whoever waits for 0, 1 or 2 gets 137, and a killed rotation no last line.',
    file: 'cli/openemr/operator.ts',
    text: 'if (!OWN_CODES.has(exitCode))',
    replacement: 'if (exitCode > 255)',
    lane: ECS,
  },
  {
    name: 'believes that every patch is granted',
    harm: 'A rotation fails half-way on what verify has called ready (S79).',
    file: 'adapters/kubernetes/permissions.ts',
    text: 'if (status.allowed) return',
    replacement: "if (typeof status.allowed === 'boolean') return",
    lane: VERIFY,
  },
]
