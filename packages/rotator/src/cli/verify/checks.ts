import { access, constants, stat } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { Credential } from '@cuedot/client/protocol'
import { inspectAudit } from '../../compose.ts'
import type { Config, PublishConfig, RollConfig, TargetConfig } from '../../config/types.ts'
import { other } from '../../domain/slot.ts'
import type { Slot } from '../../domain/slot.ts'
import { Desk } from '../../engine/desk.ts'
import type { Environment } from '../../engine/environment.ts'
import { RotatorError } from '../../errors.ts'
import type { Target } from '../../ports/target.ts'
import { Checklist } from './checklist.ts'
import { loginBeforeFirst } from './initial.ts'
import { checkOwner } from './owner.ts'
import type { Check } from './checklist.ts'

/**
 * Everything that a rotation will need, tried without changing anything: no lock is taken, nothing
 * is written. What depends on something that failed is not tried.
 */
export async function verifyTarget(
  target: Target,
  config: Config,
  env: Environment,
): Promise<readonly Check[]> {
  const desk = new Desk(target, env, 'look')
  const checks = new Checklist(desk.secrets)
  const own = config.targets[target.name]
  checks.passed('configuration', `${config.file} is valid`)
  const { audit } = config
  if (audit)
    await checks.run('audit', '', async () => `${audit.path} ${await inspectAudit(audit.path)}`)
  try {
    const hasStore = await checks.run('store', `${target.store.secret} is readable`, async () => {
      await desk.load()
    })
    const hasAdmin = await checks.run('admin', 'the admin logs in over verified TLS', () =>
      openSession(desk, own),
    )
    if (hasStore) await checkOwner(desk, checks)
    if (hasStore) await checkLogins(desk, checks)
    if (hasStore && hasAdmin) await checkUsers(desk, checks)
    if (own && 'publish' in own) {
      for (const publish of own.publish) await checkConfigTarget(desk, checks, publish)
      for (const roll of own.roll) await checkRuntime(desk, checks, roll)
    }
  } finally {
    await desk.sessions.drop()
  }
  return checks.all
}

async function openSession(desk: Desk, own: TargetConfig | undefined): Promise<string> {
  await desk.session()
  const tls = own?.database.tls.mode === 'off' ? 'without TLS, on loopback' : 'over verified TLS'
  return `the admin logs in ${tls}`
}

/** The active credential on every endpoint and through every pooler. */
async function checkLogins(desk: Desk, checks: Checklist): Promise<void> {
  const { documents, target } = desk
  const subject = 'active' in documents.document ? documents.document.active : 'user'
  const credential = (await beforeFirst(desk)) ?? documents.credential(subject)
  const { username } = credential
  for (const endpoint of [...target.database.endpoints, ...(target.database.poolers ?? [])]) {
    await checks.run(`login on ${endpoint}`, `${username} logs in`, async () => {
      const answer = await target.database.login(credential, endpoint, desk.call())
      if (answer !== 'accepted') throw new RotatorError('ERR_DB_AUTH', { endpoint, username })
    })
  }
}

/** Where the admin does not log in, another check says so. */
async function beforeFirst(desk: Desk): Promise<Credential | undefined> {
  return await loginBeforeFirst(desk).catch(() => undefined)
}

async function checkUsers(desk: Desk, checks: Checklist): Promise<void> {
  const { documents } = desk
  if (!('active' in documents.document)) return
  const { active } = documents.document
  const names = { active: documents.username(active), standby: documents.username(other(active)) }
  await checks.run('sessions', 'sessions can be counted on every endpoint', async () => {
    const session = await desk.session()
    await session.sessions([names.active, names.standby], desk.call())
  })
  if (names.active === names.standby)
    await checks.run('second password', '', () => describeSecond(desk, names.active))
  else await checks.run('privileges', '', () => comparePrivileges(desk, active, checks))
}

async function describeSecond(desk: Desk, username: string): Promise<string> {
  const session = await desk.session()
  const where = await session.hasSecondPassword(username, desk.call())
  return where !== 'nowhere'
    ? `${username} accepts two passwords`
    : `${username} accepts one password`
}

async function comparePrivileges(desk: Desk, active: Slot, checks: Checklist): Promise<string> {
  const username = desk.documents.username(other(active))
  const session = await desk.session()
  const reference = await desk.reference()
  const compared = await session.compareUsers(reference, username, desk.call())
  const wanted = typeof reference === 'string' ? `all that ${reference} can` : 'what is configured'
  switch (compared.state) {
    case 'equal':
      return `${username} can do ${wanted}`
    case 'absent':
      return `${username} does not exist yet: the first rotation makes it`
    case 'partial':
      return `${username} is half-made: the next rotation finishes it`
    case 'differs':
      return checks.refuse('PRIVILEGES_DIFFER', `${username} lacks: ${compared.lacks.join('; ')}`)
  }
}

/** Readable, and its folder writable: a file is replaced, not changed in place. */
async function checkConfigTarget(desk: Desk, checks: Checklist, own: PublishConfig): Promise<void> {
  const { id } = own
  const target = desk.target.configs.find((config) => config.id === id)
  const read = async (): Promise<void> => {
    const published = await target?.read(desk.call())
    if (published) desk.secrets.add(published.password)
  }
  if (own.kind === 'kubernetes-secret') {
    const where = `Secret ${own.namespace}/${own.name}`
    await checks.run(`publish ${id}`, `${where} has the keys and may be patched`, async () => {
      await read()
      await target?.inspect?.(desk.call())
    })
    return
  }
  const { path } = own
  await checks.run(`publish ${id}`, `${path} is readable and can be replaced`, async () => {
    await read()
    await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
      const reason = `its folder is not writable`
      throw new RotatorError('ERR_TARGET_UNWRITABLE', { path, reason }, { cause })
    })
    await demandOwner(path)
  })
}

/** What takes the place of a file gets its owner. Root can give it; others only what is theirs. */
async function demandOwner(path: string): Promise<void> {
  const { uid, gid } = await stat(path)
  const us = process.geteuid?.() ?? 0
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])]
  if (us === 0 || (us === uid && groups.includes(gid))) return
  const reason = `it belongs to ${uid}:${gid}, and user ${us} can give no file to them`
  throw new RotatorError('ERR_TARGET_UNWRITABLE', { path, reason })
}

async function checkRuntime(desk: Desk, checks: Checklist, own: RollConfig): Promise<void> {
  const runtime = desk.target.runtimes.find(({ id }) => id === own.id)
  if (runtime?.inspect)
    await checks.run(`roll ${own.id}`, '', async () => await runtime.inspect?.(desk.call()))
  if (own.kind === 'kubernetes-deployment')
    await checks.run(`roll ${own.id}`, '', async () => (await runtime?.health?.(desk.call()))?.why)
  if (own.kind !== 'command') return
  const [program = ''] = own.argv
  await checks.run(`roll ${own.id}`, `${program} can be run`, async () => {
    if (await isRunnable(program, own.cwd)) return
    const exit = 'there is no such program, or it is not executable'
    throw new RotatorError('ERR_RUNTIME_COMMAND', { runtime: own.id, program, exit })
  })
}

async function isRunnable(program: string, cwd: string): Promise<boolean> {
  const folders = program.includes('/')
    ? ['']
    : (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of folders) {
    const file = folder === '' ? resolve(cwd, program) : join(folder, program)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true
  }
  return false
}
