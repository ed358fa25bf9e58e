import { real, unit } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const FOLDER = 'adapters/kubernetes'
const ROLLOUT = unit('src/adapters/kubernetes/rollout.test.ts')
const PODS = unit('src/adapters/kubernetes/pods.test.ts')
const FAILURES = unit('src/adapters/kubernetes/failures.test.ts')
const SECRET = real('test/kubernetes-secret.int.test.ts')
const DEPLOYMENT = real('test/kubernetes-deployment.int.test.ts')
const CONNECT = real('test/kubernetes-connect.int.test.ts')

/** Bugs in what reads and writes a cluster. */
export const KUBERNETES_MUTANTS: readonly Mutant[] = [
  {
    name: 'believes counts from before the change',
    harm: 'The roll is done at once, and the old password dies while every pod uses it (W15).',
    file: `${FOLDER}/rollout.ts`,
    text: 'if (seen < (metadata?.generation ?? 0))',
    replacement: 'if (seen < 0)',
    lane: ROLLOUT,
  },
  {
    name: 'does not count the pods from before',
    harm: 'The roll is done while an old pod still serves (W16).',
    file: `${FOLDER}/rollout.ts`,
    text: 'updated < replicas || left > 0',
    replacement: 'updated < replicas || left > 99',
    lane: ROLLOUT,
  },
  {
    name: 'takes no replicas for one',
    harm: 'A Deployment that is scaled to zero holds the rotation up until its limit (W17).',
    file: `${FOLDER}/rollout.ts`,
    text: `const replicas = spec?.replicas ?? 1
  const updated = status`,
    replacement: `const replicas = spec?.replicas || 1
  const updated = status`,
    lane: ROLLOUT,
  },
  {
    name: 'waits for a rollout that has failed',
    harm: 'A Deployment that cannot come up is waited for until the limit.',
    file: `${FOLDER}/rollout.ts`,
    text: "if (stuck?.reason === 'ProgressDeadlineExceeded')",
    replacement: "if (stuck?.reason === '')",
    lane: ROLLOUT,
  },
  {
    name: 'waits for a Deployment that is paused',
    harm: 'Nothing picks the credential up, and nobody is told why.',
    file: `${FOLDER}/rollout.ts`,
    text: 'deployment.spec?.paused !== true) return verdict',
    replacement: 'deployment.spec !== undefined) return verdict',
    lane: ROLLOUT,
  },
  {
    name: 'begins a roll on a paused Deployment',
    harm: 'The credential is published, and no pod is ever replaced.',
    file: `${FOLDER}/deployment-runtime.ts`,
    text: 'if (deployment.spec?.paused === true)',
    replacement: 'if (deployment.spec === undefined)',
    lane: DEPLOYMENT,
  },
  {
    name: 'begins a roll that is there already',
    harm: 'After a crash every pod is replaced once more.',
    file: `${FOLDER}/deployment-runtime.ts`,
    text: "if (judgeRollout(deployment, token).state !== 'due') return",
    replacement: "if (judgeRollout(deployment, token).state === 'done') return",
    lane: DEPLOYMENT,
  },
  {
    name: 'annotates whatever version is there',
    harm: 'Two processes begin two rolls.',
    file: `${FOLDER}/deployment-runtime.ts`,
    text: 'metadata: { resourceVersion: metadata?.resourceVersion }',
    replacement: 'metadata: { ...(metadata === undefined && { resourceVersion: "" }) }',
    lane: DEPLOYMENT,
  },
  {
    name: 'fails a roll because its pods cannot be listed',
    harm: 'The Role of openemr-on-eks does not suffice any more.',
    file: `${FOLDER}/deployment-runtime.ts`,
    text: 'if (signal.aborted || !isRotatorError(error)) throw error',
    replacement: 'if (isRotatorError(error)) throw error',
    lane: DEPLOYMENT,
  },
  {
    name: 'overwrites a Secret of any version',
    harm: 'What somebody else has just written is lost.',
    file: `${FOLDER}/secret-target.ts`,
    text: 'const body = { metadata: { resourceVersion }, data',
    replacement: 'const body = { metadata: resourceVersion ? {} : {}, data',
    lane: SECRET,
  },
  {
    name: 'overwrites the credential of somebody else',
    harm: 'Another rotator’s credential is lost, and its users are cut off.',
    file: `${FOLDER}/secret-target.ts`,
    text: 'if (!sameValues(now, before)) break',
    replacement: 'if (now === undefined) break',
    lane: SECRET,
  },
  {
    name: 'tries to write an immutable Secret',
    harm: 'The operator reads of a refusal without a reason.',
    file: `${FOLDER}/secret-target.ts`,
    text: 'if (now.isImmutable)',
    replacement: 'if (now === undefined)',
    lane: SECRET,
  },
  {
    name: 'reads bytes that are no text',
    harm: 'A password with other bytes is compared as if it were text, and counts as wrong.',
    file: `${FOLDER}/secret-target.ts`,
    text: "if (Buffer.from(text, 'utf8').equals(bytes)) return text",
    replacement: 'if (bytes.length >= 0) return text',
    lane: SECRET,
  },
  {
    name: 'sends a patch as a JSON patch',
    harm: 'A real API server answers 400 or 415 to every patch.',
    file: `${FOLDER}/ask.ts`,
    text: 'sdk.PatchStrategy.StrategicMergePatch',
    replacement: 'sdk.PatchStrategy.JsonPatch',
    lane: SECRET,
  },
  {
    name: 'waits for an answer beyond the end of the call',
    harm: 'An API server that does not answer holds the run up.',
    file: `${FOLDER}/ask.ts`,
    text: "signal.addEventListener('abort', end, { once: true })",
    replacement: "if (operation === 'list pods') end()",
    lane: CONNECT,
  },
  {
    name: 'keeps a token that has expired',
    harm: 'A rollout that outlives the token of its start is never judged.',
    file: `${FOLDER}/ask.ts`,
    text: 'connector.renew()\n',
    replacement: '\n',
    lane: CONNECT,
  },
  {
    name: 'lets the environment turn verification off',
    harm: 'Anybody in between reads tokens and passwords.',
    file: `${FOLDER}/connect.ts`,
    text: '{ ...options, rejectUnauthorized: true }',
    replacement: '{ ...options }',
    lane: CONNECT,
  },
  {
    name: 'talks to a cluster that is not verified',
    harm: 'A kubeconfig with insecure-skip-tls-verify is taken for a good one.',
    file: `${FOLDER}/connect.ts`,
    text: 'if (skipTLSVerify) {',
    replacement: "if (skipTLSVerify && name === '') {",
    lane: CONNECT,
  },
  {
    name: 'prefers a kubeconfig to the pod',
    harm: 'A pod with a stray kubeconfig changes another cluster.',
    file: `${FOLDER}/connect.ts`,
    text: 'if (!explicit && isInPod(root))',
    replacement: "if (!explicit && isInPod(root) && process.env['KUBECONFIG'] === '')",
    lane: CONNECT,
  },
  {
    name: 'repeats a patch whose answer was lost',
    harm: 'What may have happened is called safe to do again.',
    file: `${FOLDER}/failures.ts`,
    text: 'if (writes && arrived(failure))',
    replacement: 'if (writes && failure.status === 1)',
    lane: FAILURES,
  },
  {
    name: 'shows what the API server says about a Secret',
    harm: 'A webhook that quotes the patch puts the password into the report.',
    file: `${FOLDER}/failures.ts`,
    text: "const says = operation === 'patch secrets' ? '' : status.message",
    replacement: 'const says = status.message',
    lane: FAILURES,
  },
  {
    name: 'names pods of other rolls',
    harm: 'The operator is sent after a pod that is being replaced anyway.',
    file: `${FOLDER}/pods.ts`,
    text: '.filter(({ metadata }) => metadata?.annotations?.[ROTATION_ANNOTATION] === token)',
    replacement: '.filter(({ metadata }) => metadata !== undefined || token)',
    lane: PODS,
  },
]
