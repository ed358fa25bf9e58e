import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { RotatorError, isRotatorError } from '../../errors.ts'
import type { Launch, Launcher } from '../../ports/launcher.ts'
import { ask } from './ask.ts'
import { connector } from './connect.ts'
import type { ClusterOptions, Connector } from './connect.ts'
import type { Operation } from './failures.ts'
import { isOver, jobLaunch } from './job-launch.ts'
import { readCronJob, readJob, readJobs } from './job-objects.ts'
import type { Job } from './job-objects.ts'
import { filled, jobFrom, templateIn } from './job-template.ts'
import type { MadeJob, Manifest } from './job-template.ts'
import type { Reader } from './objects.ts'

/** Where Jobs are made, and from what. */
export interface JobLauncherOptions extends ClusterOptions {
  readonly namespace: string
  /** The CronJob that they are made from, where no file is given. */
  readonly cronJob: string
  /** Path of a file with a Job or a CronJob. */
  readonly manifest?: string
  /** What the placeholders in that file stand for. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Which container gets the command. Default: the only one. */
  readonly container?: string
  /** Default: the one that is named there. */
  readonly image?: string
  /** Names one start: 12 or more characters of `[a-z0-9-]`. */
  readonly token: string
}

/** The name is a label of the pods, too. @see Kubernetes documentation, "Labels and Selectors" */
const LONGEST_NAME = 63
const SUFFIX = 12

/**
 * Runs commands in Jobs of their own, made from the CronJob of the rotation or its manifest. No Job
 * is ever deleted or changed; while one may run, none is started.
 *
 * Needs `get` of that CronJob, `list`, `create` and `get` of Jobs, `list` of pods and `get` of
 * their logs.
 * @throws ERR_JOB_TEMPLATE, ERR_JOB_RUNNING, ERR_KUBERNETES_*, ERR_OUTCOME_UNKNOWN, ERR_CONFIG
 */
export function jobLauncher(options: JobLauncherOptions): Launcher {
  const jobs = new Jobs(options)
  return {
    start: (args, { signal }) => jobs.start(args, signal),
    running: ({ signal }) => jobs.running(signal),
  }
}

class Jobs {
  readonly #options: JobLauncherOptions
  readonly #connector: Connector

  constructor(options: JobLauncherOptions) {
    this.#options = options
    this.#connector = connector(options)
  }

  async start(args: readonly string[], signal: AbortSignal): Promise<Launch> {
    const { namespace, token, container, image, manifest, variables = {} } = this.#options
    const { name: base, template } = await this.#template(signal)
    const suffix = token.replaceAll('-', '').slice(0, SUFFIX)
    const wish = {
      ...{ from: this.#from, namespace, args, name: nameOf(base, suffix) },
      ...(container !== undefined && { container }),
      ...(image !== undefined && { image }),
    }
    const job = jobFrom(template, wish)
    const body = filled(job.body, this.#from, manifest === undefined ? {} : variables)
    const names = (await this.#running(base, signal)).map(({ metadata }) => metadata.name)
    if (names.length > 0)
      throw new RotatorError('ERR_JOB_RUNNING', { jobs: `${namespace}/${names.join(', ')}` })
    return this.#launch(await this.#create(wish.name, body, signal), job)
  }

  async running(signal: AbortSignal): Promise<readonly Launch[]> {
    const { name, template } = await this.#template(signal)
    const { namespace, container } = this.#options
    const wish = { from: this.#from, namespace, args: [], name }
    const made = jobFrom(template, { ...wish, ...(container !== undefined && { container }) })
    return (await this.#running(name, signal)).map((job) => this.#launch(job, made))
  }

  #launch(job: Job, { container }: MadeJob): Launch {
    const { namespace } = this.#options
    return jobLaunch({ job, container, namespace, connector: this.#connector })
  }

  /** Whoever has made it: the CronJob, `kubectl` from the same manifest, or we. */
  async #running(base: string, signal: AbortSignal): Promise<readonly Job[]> {
    const jobs = await this.#ask('list jobs', { path: this.#path, expects: readJobs, signal })
    const stem = base.slice(0, LONGEST_NAME - SUFFIX - 1)
    return jobs.filter((job) => {
      const { name } = job.metadata
      return (name === base || name.startsWith(`${stem}-`)) && !isOver(job)
    })
  }

  /** Its name is its own, so a request whose answer was lost may be sent again. */
  async #create(name: string, create: object, signal: AbortSignal): Promise<Job> {
    const path = this.#path
    const question = { path, create, expects: readJob, signal, name }
    try {
      return await this.#ask('create jobs', question)
    } catch (error) {
      if (!isRotatorError(error) || error.code !== 'ERR_OUTCOME_UNKNOWN') throw error
    }
    try {
      return await this.#ask('create jobs', question)
    } catch (error) {
      if (!isRotatorError(error) || error.code !== 'ERR_KUBERNETES_CONFLICT') throw error
      return await this.#ask('get jobs', {
        path: `${path}/${name}`,
        expects: readJob,
        signal,
        name,
      })
    }
  }

  async #template(signal: AbortSignal): Promise<Manifest> {
    const { cronJob, manifest, namespace } = this.#options
    const from = this.#from
    if (manifest !== undefined) return templateIn(await documentsOf(manifest), { from, namespace })
    const path = `/apis/batch/v1/namespaces/${namespace}/cronjobs/${cronJob}`
    try {
      const question = { path, expects: readCronJob, signal, name: cronJob }
      return { name: cronJob, template: await this.#ask('get cronjobs', question) }
    } catch (error) {
      if (!isRotatorError(error) || error.code !== 'ERR_RUNTIME_MISSING') throw error
      const problem = 'it does not exist'
      throw new RotatorError('ERR_JOB_TEMPLATE', { from, problem }, { cause: error })
    }
  }

  get #from(): string {
    const { cronJob, manifest, namespace } = this.#options
    return manifest ?? `CronJob ${namespace}/${cronJob}`
  }

  get #path(): string {
    return `/apis/batch/v1/namespaces/${this.#options.namespace}/jobs`
  }

  async #ask<T>(operation: Operation, asked: Asked<T>): Promise<T> {
    const { name, ...rest } = asked
    const kind = operation === 'get cronjobs' ? 'CronJob' : name === undefined ? 'Jobs' : 'Job'
    const where = [`${kind} ${this.#options.namespace}`, ...(name === undefined ? [] : [name])]
    return await ask({ connector: this.#connector, where: where.join('/'), operation, ...rest })
  }
}

interface Asked<T> {
  readonly path: string
  readonly create?: object
  readonly expects: Reader<T>
  readonly signal: AbortSignal
  readonly name?: string
}

function nameOf(base: string, suffix: string): string {
  return `${base.slice(0, LONGEST_NAME - SUFFIX - 1)}-${suffix}`
}

/** Nothing of the file is quoted: manifests may hold what nobody should see. */
async function documentsOf(manifest: string): Promise<readonly unknown[]> {
  const problem = (what: string, cause?: unknown): RotatorError =>
    new RotatorError('ERR_JOB_TEMPLATE', { from: manifest, problem: what }, { cause })
  const text = await readFile(manifest, 'utf8').catch((cause: unknown) => {
    throw problem('the file cannot be read', cause)
  })
  const documents = parseAllDocuments(text)
  if ('empty' in documents) throw problem('the file is empty')
  if (documents.some(({ errors }) => errors.length > 0)) throw problem('it is not YAML')
  return documents.map((document): unknown => document.toJS())
}
