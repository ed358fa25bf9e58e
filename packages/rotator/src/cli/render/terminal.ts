import { DefaultRenderer, Listr, ListrLogger, ProcessOutput } from 'listr2'
import type { ListrDefaultRendererLogLevels } from 'listr2'
import type { RotationEvent } from '../../domain/events.ts'
import { formatDuration } from '../../config/duration.ts'
import { nameOfStep, phrase } from './phrases.ts'
import type { Renderer } from './renderer.ts'

/** listr2 asks stdout whether it may draw; we draw on stderr and have asked that. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true
}

interface Shown {
  title: string
  output: string
}

/** A step that is being shown. */
class OpenStep {
  readonly ended: PromiseWithResolvers<void> = Promise.withResolvers<void>()
  readonly #text: Shown
  #task: Shown | undefined

  constructor(title: string) {
    this.#text = { title, output: '' }
    // The view may never come to this step; its failure is told elsewhere, too.
    this.ended.promise.catch(() => undefined)
  }

  /** From now on the view follows. */
  attach(task: Shown): Promise<void> {
    this.#task = task
    this.#update({})
    return this.ended.promise
  }

  say(output: string): void {
    this.#update({ output })
  }

  finish(durationMs: number): void {
    this.#update({ title: `${this.#text.title} [${formatDuration(durationMs)}]`, output: '' })
    this.ended.resolve()
  }

  get title(): string {
    return this.#text.title
  }

  #update(change: Partial<Shown>): void {
    Object.assign(this.#text, change)
    if (this.#task === undefined) return
    this.#task.title = this.#text.title
    this.#task.output = this.#text.output
  }
}

/** A task for each step, with what it waits for under it: for people at a terminal. */
export class TerminalRenderer implements Renderer {
  readonly #stream: NodeJS.WriteStream
  #shown: Promise<void> = Promise.resolve()
  #step: OpenStep | undefined
  #notice = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  emit(event: RotationEvent): void {
    switch (event.code) {
      case 'STEP_STARTED':
        return this.#open(`${nameOfStep(event)}: ${event.title}`)
      case 'STEP_WAITING': {
        const waited = formatDuration(event.waitedMs)
        return this.#step?.say(`${this.#notice}${waited}, waiting for ${event.on}`)
      }
      case 'STEP_APPLIED':
        this.#step?.finish(event.durationMs)
        return void (this.#step = undefined)
      case 'STEP_FAILED':
        if (!this.#step) return this.#line(phrase(event))
        this.#step.ended.reject(new Error(event.message))
        return void (this.#step = undefined)
      case 'RUN_STARTED':
      case 'RUN_ENDED':
        return undefined
      case 'RETRYING':
      case 'SESSIONS_ENDED':
      case 'STORE_SETTLING':
      case 'STOP_REQUESTED':
      case 'WINDOW_FORCED':
      case 'AUDIT_FAILED':
        return this.#line(phrase(event))
    }
  }

  note(text: string): void {
    if (this.#step === undefined) return this.#line(text)
    this.#notice = `${text} `
    this.#step.say(text)
  }

  async close(): Promise<void> {
    this.#step?.ended.reject(new Error('ended without a result'))
    await this.#shown
  }

  #open(title: string): void {
    const step = new OpenStep(title)
    this.#step = step
    this.#then(() => this.#draw(step))
  }

  #line(text: string): void {
    this.#then(() => void this.#stream.write(`${text}\n`))
  }

  /** What is shown never gets in the way of what is done. */
  #then(show: () => void | Promise<void>): void {
    this.#shown = this.#shown.then(show).catch(() => undefined)
  }

  async #draw(step: OpenStep): Promise<void> {
    const processOutput = new ProcessOutput(this.#stream, process.stdout)
    const logger = new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput })
    const list = new Listr([{ title: step.title, task: (_context, task) => step.attach(task) }], {
      renderer: StderrRenderer,
      rendererOptions: { collapseErrors: false, logger },
      exitOnError: false,
      registerSignalListeners: false,
    })
    await list.run()
  }
}
