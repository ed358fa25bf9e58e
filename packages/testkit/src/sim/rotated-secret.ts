import { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../../rotator/src/errors.ts'
import type { RotationSecret } from '../../../rotator/src/ports/rotation-secret.ts'
import type { SecretVersion, VersionLabel } from '../../../rotator/src/ports/secret-store.ts'
import type { Gate } from './faults.ts'

interface Version {
  readonly id: string
  /** Undefined until a value is put: RotateSecret only announces the version. */
  value: string | undefined
}

const SECRET = 'rotated'

/** A secret that is rotated by a function: its versions, and which of them has which label. */
export class RotatedSecret {
  readonly #versions = new Map<string, Version>()
  readonly #labels = new Map<string, string>()

  constructor(value: string) {
    this.write(value)
  }

  /** An operator, or whoever else may, makes this the current version. */
  write(value: string): void {
    const id = `v${this.#versions.size}`
    this.#versions.set(id, { id, value })
    this.#makeCurrent(id)
  }

  /** As RotateSecret does: an unfinished rotation goes on, else a version is announced. */
  announce(): string {
    const pending = this.#labels.get('AWSPENDING')
    if (pending !== undefined && pending !== this.#labels.get('AWSCURRENT')) return pending
    const id = `t${this.#versions.size}`
    this.#versions.set(id, { id, value: undefined })
    this.#labels.set('AWSPENDING', id)
    return id
  }

  /** The value of the version with this label. */
  value(label: VersionLabel): string | undefined {
    return this.#versions.get(this.#labels.get(label) ?? '')?.value
  }

  hasLabel(id: string, label: VersionLabel): boolean {
    return this.#labels.get(label) === id
  }

  #makeCurrent(id: string): void {
    const before = this.#labels.get('AWSCURRENT')
    if (before !== undefined) this.#labels.set('AWSPREVIOUS', before)
    this.#labels.set('AWSCURRENT', id)
  }

  /** The secret as a port, every call through the gate. */
  port(gate: Gate): RotationSecret {
    return {
      secret: SECRET,
      supports: { staleReadMs: 0 },
      describe: (call) => gate.call('secret.describe', 'read', () => this.#described(), call),
      read: async () => {
        throw new Error('a rotation function reads versions one by one')
      },
      version: (label, call) => {
        const read = (): SecretVersion | undefined => this.#version(this.#labels.get(label))
        return gate.call('secret.version', 'read', read, call)
      },
      staged: (id, call) => {
        const read = (): SecretVersion | undefined =>
          this.hasLabel(id, 'AWSPENDING') ? this.#version(id) : undefined
        return gate.call('secret.staged', 'read', read, call)
      },
      anyVersion: (id, call) =>
        gate.call('secret.anyVersion', 'read', () => this.#version(id), call),
      owner: (call) => gate.call('secret.owner', 'read', () => undefined, call),
      stage: (value, token, call) =>
        gate.call('secret.stage', 'write', () => this.#stage(value, token), call),
      promote: (id, expected, call) =>
        gate.call('secret.promote', 'write', () => this.#promote(id, expected), call),
      release: (id, call) => gate.call('secret.release', 'write', () => this.#release(id), call),
    }
  }

  #described(): Awaited<ReturnType<RotationSecret['describe']>> {
    const labels: Record<string, string[]> = {}
    for (const [label, id] of this.#labels) labels[id] = [...(labels[id] ?? []), label]
    return { arn: SECRET, rotationEnabled: true, labels }
  }

  #version(id: string | undefined): SecretVersion | undefined {
    const found = this.#versions.get(id ?? '')
    if (found?.value === undefined) return undefined
    const value = new Sensitive(found.value, `version ${found.id}`)
    return { id: found.id, value, createdAt: new Date(0) }
  }

  #stage(value: Sensitive, token: string): SecretVersion {
    const known = this.#versions.get(token) ?? { id: token, value: undefined }
    known.value ??= value.reveal()
    if (known.value !== value.reveal()) throw conflict('stage')
    this.#versions.set(token, known)
    this.#labels.set('AWSPENDING', token)
    return { id: token, value, createdAt: new Date(0) }
  }

  #promote(id: string, expected: string): void {
    if (this.hasLabel(id, 'AWSCURRENT')) return
    if (!this.hasLabel(expected, 'AWSCURRENT')) throw conflict('promote')
    this.#makeCurrent(id)
  }

  #release(id: string): void {
    if (this.hasLabel(id, 'AWSPENDING')) this.#labels.delete('AWSPENDING')
  }
}

function conflict(operation: string): RotatorError {
  return new RotatorError('ERR_STORE_CONFLICT', { secret: SECRET, operation })
}
