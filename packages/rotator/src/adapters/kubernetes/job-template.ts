import { RotatorError } from '../../errors.ts'
import { readCronJob, readTemplate } from './job-objects.ts'
import type { Container, JobTemplate, PodSpec } from './job-objects.ts'

/** What a Job is given beyond what it is made from. */
export interface JobWish {
  /** For messages: `CronJob openemr/credential-rotation`, or a file. */
  readonly from: string
  /** Of the new Job. */
  readonly name: string
  readonly namespace: string
  /** For the entry point of the image. */
  readonly args: readonly string[]
  /** Which container gets them. Default: the only one. */
  readonly container?: string
  readonly image?: string
}

/**
 * What a rotation may need: a rollout of 30 minutes that fails, the 30 minutes of turning it back;
 * the same once more, where an earlier run was killed in the midst of one. Kubernetes ends a Job
 * that takes longer, so that it does not stand in the way of the next one for good.
 */
const DEADLINE_SECONDS = 7_200

/** Asked to stop, cuedot ends its waits and finishes the calls in flight, each 30 s at most. */
const GRACE_SECONDS = 120

const TTL_SECONDS = 86_400

/** What a Job is, and the container in it that runs cuedot. */
export interface MadeJob {
  readonly container: string
  readonly body: object
}

/**
 * A Job made from a template. It runs once and is not repeated: what a failed rotation needs is a
 * person who looks. Deadline, grace and time to live are the template's where it has them.
 *
 * @throws ERR_JOB_TEMPLATE where it is not clear which container is meant
 */
export function jobFrom({ metadata, spec }: JobTemplate, wish: JobWish): MadeJob {
  const { from, name, namespace, args, image } = wish
  const { selector: _selector, manualSelector: _manual, suspend: _suspend, ...kept } = spec
  const pods: PodSpec = spec.template.spec
  const chosen = choose(pods.containers, wish)
  if (chosen === undefined) {
    const names = pods.containers.map((one) => one.name).join(', ')
    const problem = `name the container that runs cuedot (--container): ${names}`
    throw new RotatorError('ERR_JOB_TEMPLATE', { from, problem })
  }
  const changed = { ...chosen, args: [...args], ...(image !== undefined && { image }) }
  const { terminationGracePeriodSeconds = GRACE_SECONDS } = pods
  const podSpec = {
    ...pods,
    ...{ restartPolicy: 'Never', terminationGracePeriodSeconds },
    containers: pods.containers.map((one) => (one === chosen ? changed : one)),
  }
  return {
    container: chosen.name,
    body: {
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: { name, namespace, ...(metadata?.labels && { labels: metadata.labels }) },
      spec: {
        ...{ activeDeadlineSeconds: DEADLINE_SECONDS, ttlSecondsAfterFinished: TTL_SECONDS },
        ...kept,
        backoffLimit: 0,
        template: { ...spec.template, spec: podSpec },
      },
    },
  }
}

function choose(containers: readonly Container[], { container }: JobWish): Container | undefined {
  if (container !== undefined) return containers.find(({ name }) => name === container)
  return containers.length === 1 ? containers[0] : undefined
}

/** A manifest that was found, by the name under which Jobs are made from it. */
export interface Manifest {
  readonly name: string
  readonly template: JobTemplate
}

/**
 * The first Job or CronJob of a file's documents.
 * @throws ERR_JOB_TEMPLATE where there is none, or where it is of another namespace
 */
export function templateIn(
  documents: readonly unknown[],
  { from, namespace }: Pick<JobWish, 'from' | 'namespace'>,
): Manifest {
  for (const document of documents) {
    if (!isRecord(document)) continue
    const template =
      document['kind'] === 'CronJob'
        ? readCronJob(document)
        : document['kind'] === 'Job'
          ? readTemplate(document)
          : undefined
    const { name, namespace: own = namespace } = metadataOf(document)
    if (template === undefined || name === undefined) continue
    if (own === namespace) return { name, template }
    const problem = `it is of namespace ${own}, not of ${namespace}`
    throw new RotatorError('ERR_JOB_TEMPLATE', { from, problem })
  }
  throw new RotatorError('ERR_JOB_TEMPLATE', { from, problem: 'it holds no Job and no CronJob' })
}

function metadataOf(document: Readonly<Record<string, unknown>>): {
  readonly name?: string
  readonly namespace?: string
} {
  const metadata = isRecord(document['metadata']) ? document['metadata'] : {}
  const { name, namespace } = metadata
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof namespace === 'string' && { namespace }),
  }
}

const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/**
 * Fills the placeholders (`${NAME}`) of a Job. They are replaced in texts that were parsed, so no
 * value can become anything else than a text.
 * @param variables - undefined: none may be left
 * @throws ERR_JOB_TEMPLATE that names those that nothing fills
 */
export function filled(
  job: object,
  from: string,
  variables: Readonly<Record<string, string | undefined>>,
): object {
  const missing = new Set<string>()
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replaceAll(PLACEHOLDER, (whole, name: string) => {
        const found = variables[name]
        if (found === undefined) missing.add(name)
        return found ?? whole
      })
    if (Array.isArray(value)) return value.map(fill)
    if (!isRecord(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, fill(held)]))
  }
  const result = Object.fromEntries(Object.entries(job).map(([key, held]) => [key, fill(held)]))
  if (missing.size === 0) return result
  const problem = `nothing fills its placeholders ${[...missing].join(', ')}`
  throw new RotatorError('ERR_JOB_TEMPLATE', { from, problem })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
