/** What the tests of the rules show them: code that is not to be, and code that looks like it. */

/** Path and text of a file. */
export type Sample = readonly [path: string, text: string]

/** What a rule must find, and what it must not. */
export interface Samples {
  readonly fires: readonly Sample[]
  readonly quiet: readonly Sample[]
}

/** Where the sources of the rotator stand. */
export const SRC = 'packages/rotator/src'
/** A file of the engine. */
export const ENGINE: string = `${SRC}/engine/run.ts`
/** A file of the domain. */
export const DOMAIN: string = `${SRC}/domain/slot.ts`
const STORE = `${SRC}/adapters/secrets-manager/store.ts`
const TEST = `${SRC}/domain/slot.test.ts`
const TRY = `${SRC}/cli/try.ts`
const PROTOCOL = 'packages/client/src/protocol/x.ts'

const engine = (text: string): Sample => [ENGINE, text]
/** A sample in {@link DOMAIN}. */
export const domain = (text: string): Sample => [DOMAIN, text]
const store = (text: string): Sample => [STORE, text]
/** A sample in a test. */
export const inTest = (text: string): Sample => [TEST, text]
/** So many lines of code. */
export const lines = (count: number, line = 'x()'): string => `${line}\n`.repeat(count)
const dot = '.'

/** For every rule about one file: what it must find, and what looks alike and is fine. */
export const SAMPLES: Readonly<Record<string, Samples>> = {
  syntax: { fires: [domain('export const = 1')], quiet: [domain('export const a = 1')] },
  imports: {
    fires: [
      domain("import type { Call } from '../ports/call.ts'"),
      domain("import type { Credential } from '@cuedot/client/protocol'"),
      domain("let a: import('../errors.ts').ErrorCode"),
      [`${SRC}/ports/clock.ts`, "import { RotatorError } from '../errors.ts'"],
      [`${SRC}/steps/open.ts`, "import { observe } from '../engine/observe.ts'"],
      [`${SRC}/steps/open.ts`, "import { createHash } from 'node:crypto'"],
      engine("import { store } from '../adapters/secrets-manager/store.ts'"),
      engine("export * from '../cli/main.ts'"),
      engine("const a = await import('../adapters/ecs/runtime.ts')"),
      store("import { run } from '../../engine/run.ts'"),
      store("import { database } from '../postgres/database.ts'"),
      store("import { other } from '../../domain/slot.ts'"),
      store("import { fake } from '../../../../testkit/src/fake.ts'"),
      store("import { fake } from '@cuedot/testkit'"),
      store("import { samples } from './store.test.ts'"),
      [`${SRC}/config/load.ts`, "import { run } from '../engine/run.ts'"],
      [`${SRC}/cli/main.ts`, "import { store } from '../adapters/secrets-manager/store.ts'"],
      [`${SRC}/somewhere/new.ts`, "import { run } from '../engine/run.ts'"],
      engine("import { RotationMonitor } from '@cuedot/client/monitor'"),
      [PROTOCOL, "import { z } from 'zod'"],
      ['packages/client/src/index.ts', "import * as Sdk from '@aws-sdk/client-secrets-manager'"],
      [PROTOCOL, "import { inspect } from 'node:util'"],
      [PROTOCOL, "import { run } from '../../../rotator/src/engine/run.ts'"],
    ],
    quiet: [
      domain("import { other } from './other.ts'"),
      ['packages/client/src/sources/aws.ts', "await import('@aws-sdk/client-secrets-manager')"],
      engine("import { RUNBOOK } from '../steps/runbook.ts'"),
      engine("import { Sensitive } from '@cuedot/client/protocol'"),
      [`${SRC}/cli/main.ts`, "import { RotationMonitor } from '@cuedot/client/monitor'"],
      store("import type { Slot } from '../../domain/slot.ts'"),
      store("import { tls } from '../common/tls.ts'\nimport { sign } from './sign.ts'"),
      store("import { Client } from 'pg'\nimport { readFile } from 'node:fs/promises'"),
      [`${SRC}/compose.ts`, "import { store } from './adapters/secrets-manager/store.ts'"],
      [`${SRC}/cli/main.ts`, "import { compose } from '../compose.ts'\nimport 'commander'"],
      [TRY, "import { database } from '../adapters/postgres/database.ts'"],
      inTest("import { fake } from '../../../testkit/src/fake.ts'"),
      ['packages/testkit/src/fake.ts', "import { run } from '../../rotator/src/engine/run.ts'"],
      domain('const text = "import { run } from \'../engine/run.ts\'"'),
    ],
  },
  'client-manifest': {
    fires: [['packages/client/package.json', '{\n  "dependencies": { "zod": "1" }\n}']],
    quiet: [
      ['packages/client/package.json', '{ "name": "@cuedot/client" }'],
      ['packages/rotator/package.json', '{ "dependencies": { "zod": "1" } }'],
    ],
  },
  'file-size': { fires: [domain(lines(301))], quiet: [domain(lines(300))] },
  'line-length': {
    fires: [domain(`// ${'x'.repeat(98)}`)],
    quiet: [
      domain(`// ${'x'.repeat(97)}`),
      domain(`// @see https://example.org/${'x'.repeat(98)}`),
      ['README.md', 'x'.repeat(200)],
    ],
  },
  'function-size': {
    fires: [
      domain(`function f() {\n${lines(59)}}`),
      domain(`const f = () => {\n${lines(59)}}`),
      inTest(`test('a', () => {\n${lines(59)}})`),
    ],
    quiet: [
      domain(`function f() {\n${lines(58)}}`),
      inTest(`describe('a', () => {\n${lines(70, "test('b', c)")}})`),
      inTest(`function suite() {\n${lines(70, "test.each(a)('b', c)")}}`),
    ],
  },
  types: {
    fires: [domain('let a:any'), domain('enum A { B }'), domain('namespace A {}')],
    quiet: [domain("// any enum\nconst any = 'enum'"), domain('declare global {}')],
  },
  'default-export': {
    fires: [domain('export default 1'), domain('const a = 1\nexport { a as default }')],
    quiet: [domain('export const a = 1'), ['vitest.config.ts', 'export default 1']],
  },
  'non-null': {
    fires: [domain('const b = a!'), domain('let a!: string')],
    quiet: [inTest('const b = a!'), domain('const b = !a && a !== b')],
  },
  'pure-domain': {
    fires: [
      domain('const a = async () => 1'),
      domain('await a'),
      domain('for await (const a of b) c()'),
    ],
    quiet: [engine('const a = async () => await b'), inTest('await a')],
  },
  ambient: {
    fires: [
      engine('const a = Date.now()'),
      engine('const a = new Date()'),
      engine('const a = Date()'),
      engine('const a = Math.random()'),
      engine('setTimeout(a, 1)'),
      engine('setInterval(a, 1)'),
      engine('const a = process.env'),
      engine("const a = process['env']"),
      engine("console.log('a')"),
      [PROTOCOL, 'const a = Date.now()'],
      ['packages/client/src/credentials/x.ts', 'setTimeout(a, 1)'],
    ],
    quiet: [
      engine('const a = new Date(text)'),
      engine('const a = clock.now()'),
      engine('const a: Date = b // Date.now() would do'),
      store('setTimeout(a, 1)'),
      [`${SRC}/cli/main.ts`, 'const a = process.env'],
      ['packages/client/src/credentials/surroundings.ts', 'setTimeout(a, 1)'],
      ['packages/client/src/sources/env.ts', 'const a = process.env'],
      inTest('const a = Date.now()'),
    ],
  },
  reveal: {
    fires: [
      engine('const a = b.reveal()'),
      [`${SRC}/cli/main.ts`, 'const a = b.reveal'],
      ['packages/client/src/pool/line.ts', 'const a = b.reveal()'],
    ],
    quiet: [
      store('const a = b.reveal()'),
      [PROTOCOL, 'const a = b.reveal()'],
      ['packages/client/src/drivers/login-fields.ts', 'const a = b.reveal()'],
      [TRY, 'const a = b.reveal()'],
      inTest('const a = b.reveal()'),
      engine('// never b.reveal() here'),
    ],
  },
  dangerous: {
    fires: [
      store('connect({ rejectUnauthorized: false })'),
      store('spawn(a, { shell: true })'),
      store("spawn(a, { shell: '/bin/bash' })"),
      store("eval('1')"),
      store("new Function('1')"),
      store(`env['${['NODE', 'TLS', 'REJECT', 'UNAUTHORIZED'].join('_')}'] = '0'`),
    ],
    quiet: [
      store('connect({ rejectUnauthorized: true })'),
      store('spawn(a, { shell: false })'),
      store('client.eval(a)'),
    ],
  },
  shells: {
    fires: [
      store("import { exec } from 'node:child_process'"),
      store("import { execSync as run } from 'child_process'"),
    ],
    quiet: [
      store("import { execFile, spawn } from 'node:child_process'"),
      store("import { exec } from './exec.ts'"),
    ],
  },
  'adapter-names': {
    fires: [
      engine("if (adapter.name === 'ecs') a()"),
      engine("if ('x' !== target.store.kind) a()"),
      engine('switch (runtime.kind) { default: a() }'),
    ],
    quiet: [
      engine("if (lock.kind === 'held') a()"),
      engine('log(runtime.name)'),
      store("if (adapter.name === 'ecs') a()"),
    ],
  },
  'empty-catch': {
    fires: [engine('try { a() } catch {}'), engine('// why\ntry { a() } catch (e) {\n}')],
    quiet: [
      engine('try { a() } catch { /* gone already */ }'),
      engine('try { a() } catch {\n  // It is gone already.\n}'),
      engine('try { a() } catch { b() }'),
    ],
  },
  'endless-loop': {
    fires: [engine('while (true) a()'), engine('do a(); while (true)'), engine('for (;;) a()')],
    quiet: [
      engine('while (a) b()'),
      engine('for (let i = 0; i < 3; i++) a()'),
      engine('for (let at = folder; ; at = dirname(at)) if (a(at)) break'),
      inTest('while (true) a()'),
    ],
  },
  notes: {
    fires: [engine('// TODO later'), engine('/* FIXME */'), engine('a() // XXX')],
    quiet: [engine("const a = 'TODO'"), engine('// TODOs are a word here')],
  },
  'switched-off': {
    fires: [
      inTest(`test${dot}skip('a', b)`),
      inTest(`describe${dot}only('a', b)`),
      inTest(`it${dot}todo('a')`),
      inTest(`describe${dot}concurrent${dot}skip('a', b)`),
      ['packages/testkit/src/conformance/store.ts', `test${dot}only('a', b)`],
    ],
    quiet: [
      inTest("test.skipIf(reason)('a', b)"),
      inTest('list.skip(1)'),
      engine(`test${dot}skip('a', b)`),
    ],
  },
  'test-names': {
    fires: [
      inTest("test('a', b)\ntest('a', c)"),
      inTest("describe('x', () => { test('a', b); test.each(c)('a', d) })"),
      inTest("test('should work', b)"),
    ],
    quiet: [
      inTest("test('a', b)\ntest('b', c)"),
      inTest("describe('x', () => { test('a', b) })\ndescribe('y', () => { test('a', b) })"),
      inTest("test('shoulders the load', b)"),
    ],
  },
  docstring: {
    fires: [
      domain('export const a = 1'),
      domain('/** What. */\nconst a = 1\nexport function b() {}'),
      domain('// What.\nexport interface A {}'),
      domain('/** */\nexport type A = 1'),
      [PROTOCOL, 'export class A {}'],
    ],
    quiet: [
      domain('/** What. */\nexport const a = 1'),
      domain('/**\n * What.\n */\nexport type A = 1'),
      domain('/** What. */\nexport function a(): void\nexport function a(b?: 1): void {}'),
      domain("export { a } from './a.ts'"),
      inTest('export const a = 1'),
      [`${SRC}/cli/main.ts`, 'export const a = 1'],
    ],
  },
  glossary: {
    fires: [
      engine('const rollbackDone = 1'),
      engine('const canRollBack = 1'),
      engine('a.oldUser = 1'),
      engine('// the old user goes'),
      ['docs/a.md', 'Every new user gets a password.'],
      ['docs/a.md', 'Ask the master.'],
      ['docs/a.md', 'Cut over to B.'],
    ],
    quiet: [
      engine("query('ROLLBACK')"),
      [`${SRC}/adapters/ecs/runtime.ts`, 'const a = breaker.rollback'],
      ['docs/a.md', 'RDS keeps the master password.'],
      ['docs/a.md', 'See https://example.org/blob/master/x.md for more.'],
    ],
  },
  workplace: {
    fires: [
      engine(`const a = '${['', 'work', 'main'].join('/')}'`),
      engine(`// see ${['..', 'shared', 'design.md'].join('/')}`),
      engine(`import { a } from '${['..', 'shared', 'a.ts'].join('/')}'`),
      ['README.md', 'Written in session 12.'],
      ['README.md', 'As the brief says: this brief decides.'],
    ],
    quiet: [
      store("import { a } from '../common/a.ts'"),
      engine('// 3 sessions remain'),
      ['README.md', 'The network/worker decides.'],
    ],
  },
}
