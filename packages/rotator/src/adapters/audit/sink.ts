import { hostname } from 'node:os'
import type { RotationEvent } from '../../domain/events.ts'
import { RotatorError } from '../../errors.ts'
import type { EventSink } from '../../ports/events.ts'
import type { Position } from './chain.ts'
import { appendRecord } from './file.ts'
import { AuditProblem, describeErrno } from './head.ts'
import { AuditLockHeld, sweepLock } from './lock.ts'

/** What every line of one run says besides its event. */
export interface AuditOptions {
  /** Absolute path of the file. */
  readonly path: string
  /** Unique to the run: lines of several runs may be mixed. */
  readonly run: string
  readonly by: string
  readonly reason: string
  /** How long a line waits for another process to write its own, in ms. Default 5,000. */
  readonly lockMs?: number
  /** For lines that are about the file itself. */
  readonly now: () => Date
}

const LOCK_MS = 5_000

/** While nothing can be written, this many events are kept to be written later. */
const MOST_KEPT = 2_000

/**
 * Writes every event into an audit file; when `emit` returns, it is on disk. What cannot be written
 * is kept and tried again with the next event, so a disk that was full for a while loses nothing.
 */
export class AuditSink implements EventSink {
  readonly path: string
  readonly #options: AuditOptions
  #kept: object[] = []
  #dropped = 0
  #trouble: RotatorError<'ERR_AUDIT'> | undefined
  #head: Pick<Position, 'seq' | 'hash'> | undefined
  #waitingFor = ''

  constructor(options: AuditOptions) {
    this.#options = options
    this.path = options.path
  }

  /** Why what was told last is not recorded; undefined as long as everything is. */
  get trouble(): RotatorError<'ERR_AUDIT'> | undefined {
    return this.#trouble
  }

  /** How many events are not in the file. */
  get unrecorded(): number {
    return this.#kept.length + this.#dropped
  }

  /** The last line that this run has written. */
  get head(): Pick<Position, 'seq' | 'hash'> | undefined {
    return this.#head
  }

  emit(event: RotationEvent): void {
    if (!this.#isNews(event)) return
    const { at, target, rotationId, ...payload } = event
    const id = rotationId === undefined ? {} : { rotationId }
    this.#kept.push({ ...this.#stamp(at), target, ...id, ...payload })
    this.#write()
  }

  /** Tries once more to write what could not be written. */
  flush(): void {
    if (this.#kept.length > 0) this.#write()
  }

  #stamp(at: string): object {
    const { run, by, reason } = this.#options
    return { at, run, by, reason, process: `${process.pid}@${hostname()}` }
  }

  /** A wait is news when what it waits for is another than before. */
  #isNews(event: RotationEvent): boolean {
    const on = event.code === 'STEP_WAITING' ? `${event.step} ${event.on}` : ''
    const isSame = on !== '' && on === this.#waitingFor
    this.#waitingFor = on
    return !isSame
  }

  #write(): void {
    const { path, now, lockMs: patience = LOCK_MS } = this.#options
    try {
      // Who has waited in vain does not hold up the run again and again.
      const lockMs = this.#trouble ? 0 : patience
      const stamp = this.#stamp(now().toISOString())
      if (this.#head === undefined) sweepLock(`${path}.lock`)
      for (let first = this.#kept[0]; first; first = this.#kept[0]) {
        this.#head = appendRecord(path, first, { stamp, lockMs })
        this.#kept.shift()
      }
      this.#trouble = this.#dropped === 0 ? undefined : this.#trouble
    } catch (error) {
      this.#trouble = new RotatorError('ERR_AUDIT', { file: path, problem: problemOf(error) })
      if (this.#kept.length > MOST_KEPT) {
        this.#kept.pop()
        this.#dropped += 1
      }
    }
  }
}

/** An unknown error's message may quote anything, so only its errno is shown. */
function problemOf(error: unknown): string {
  if (error instanceof AuditProblem || error instanceof AuditLockHeld) return error.message
  return describeErrno(error)
}
