import { ROTATION_STEPS } from '../../../rotator/src/domain/four-steps.ts'
import type {
  Asked,
  FourStepStrategy,
  RotationStep,
} from '../../../rotator/src/domain/four-steps.ts'
import { DEFAULT_PASSWORD_RULES } from '../../../rotator/src/domain/password-rules.ts'
import type { FourStepTarget, VisitResult } from '../../../rotator/src/engine/four-steps/types.ts'
import { visit } from '../../../rotator/src/engine/four-steps/visit.ts'
import { simDatabase } from './database.ts'
import type { Fault, Incident } from './faults.ts'
import { Gate } from './faults.ts'
import { simClock, simRandom, simStore } from './ports.ts'
import { RotatedSecret } from './rotated-secret.ts'
import { SimCrash, World, passwordsOf } from './world.ts'

const USER = 'svc'
const CLONE = 'svc_clone'

/** Lambda gives a function 900 s at the most; a visit of the simulator has as much. */
const LIFE_MS = 900_000

/** Secrets Manager repeats a rotation that fails. */
const MOST_ROUNDS = 8

interface Document {
  readonly username: string
  readonly password: string
}

/**
 * One secret, one function, and a world in which calls fail or processes die. After every call it
 * is checked that applications can log in and that no password is forgotten.
 */
export class FourStepTrial {
  readonly world: World
  readonly secret: RotatedSecret
  readonly gate: Gate
  readonly #broken: string[] = []
  readonly strategy: FourStepStrategy
  /** Awaited before every call of a port, so that two processes can be interleaved. */
  pause: () => Promise<void> = async () => undefined
  readonly #target: FourStepTarget

  constructor(
    strategy: FourStepStrategy,
    faults: readonly Fault[] = [],
    incident?: { readonly at: number; readonly what: (trial: FourStepTrial) => void },
  ) {
    this.strategy = strategy
    this.world = new World({ replicaLagMs: 300 })
    this.world.addUser(USER, 'svc0-password')
    const user = { username: USER, password: 'svc0-password' }
    const place = { engine: 'mysql', host: 'db.example', port: 5432, dbname: 'app' }
    const masterarn = strategy === 'single-user' ? {} : { masterarn: 'admin' }
    this.secret = new RotatedSecret(JSON.stringify({ ...place, ...user, ...masterarn }))
    const incidents: Incident[] = []
    if (incident) incidents.push({ at: incident.at, what: async () => incident.what(this) })
    this.gate = new Gate(this.world, faults, incidents)
    this.#target = this.#makeTarget()
  }

  /** What was found broken, here and by the world itself. */
  get broken(): readonly string[] {
    return [...this.#broken, ...this.world.checker.broken]
  }

  #makeTarget(): FourStepTarget {
    const { world, gate, strategy } = this
    return {
      secret: this.#watched(this.secret.port(gate)),
      registry: {
        sourceOf: async () => undefined,
        hostsOf: async () => [],
        writerOf: async () => undefined,
      },
      options: {
        ...{ strategy, sessions: 'refuse' },
        // The world's random source counts: it would never draw one of each kind.
        password: { ...DEFAULT_PASSWORD_RULES, requireEach: false },
        ...{ callLimitMs: 5_000, proveLimitMs: 10_000 },
      },
      openDatabase: async () => this.#watched(simDatabase(world, gate)),
      openSecret: async () => simStore(world, world.adminStore, gate),
    }
  }

  /** Checks the invariants after every call of a port, however it ended. */
  #watched<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name, target)
        if (typeof member !== 'function') return member
        return async (...args: readonly unknown[]): Promise<unknown> => {
          await this.pause()
          try {
            const value: unknown = await Reflect.apply(member, target, args)
            const isSession = typeof value === 'object' && value !== null && 'lock' in value
            return isSession ? this.#watched(value) : value
          } finally {
            this.check(`after ${String(name)}`)
          }
        }
      },
    })
  }

  /** @returns undefined where the process died */
  async visit(
    step: RotationStep,
    token: string,
    asked: Asked = 'called',
  ): Promise<VisitResult | undefined> {
    const { world } = this
    const until = world.now + LIFE_MS
    try {
      return await visit(
        this.#target,
        { step, token, asked },
        {
          ...{ clock: simClock(world), random: simRandom(world), tell: () => undefined },
          remainingMs: () => until - world.now,
        },
      )
    } catch (error) {
      if (error instanceof SimCrash) return undefined
      throw error
    }
  }

  /** As Secrets Manager rotates: all steps, and again from the first where one fails. */
  async rotate(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const token = this.secret.announce()
      if (!(await this.#round(token))) continue
      if (!this.secret.hasLabel(token, 'AWSCURRENT')) this.#broken.push('the label did not move')
      return
    }
    this.#broken.push('I5 the rotation does not end')
  }

  /** One round, however it ends. */
  async attempt(): Promise<void> {
    await this.#round(this.secret.announce())
  }

  async #round(token: string): Promise<boolean> {
    for (const step of ROTATION_STEPS) {
      const result = await this.visit(step, token)
      if (result?.outcome !== 'done') return false
    }
    return true
  }

  check(where: string): void {
    const current = this.#document('AWSCURRENT')
    const pending = this.#document('AWSPENDING')
    const held = [current, pending, this.#document('AWSPREVIOUS')].filter(
      (one) => one !== undefined,
    )
    const works = (document: Document | undefined): boolean =>
      document !== undefined && this.world.accepts(document)
    // One user has one password: an application that climbs the ladder finds it.
    const isServed = works(current) || (this.strategy === 'single-user' && held.some(works))
    if (!isServed) this.#broken.push(`I1 no application can log in ${where}`)
    for (const name of [USER, CLONE]) {
      const user = this.world.users.get(name)
      for (const password of user && !user.locked ? passwordsOf(user) : [])
        if (!held.some((one) => one.username === name && one.password === password))
          this.#broken.push(`I2 a password of ${name} is in no version ${where}`)
    }
    const clone = this.world.users.get(CLONE)
    if (current?.username === CLONE && clone?.equal !== true)
      this.#broken.push(`I3 a user without its rights is current ${where}`)
  }

  #document(label: 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'): Document | undefined {
    const value = this.secret.value(label)
    return value === undefined ? undefined : (JSON.parse(value) as Document)
  }
}
