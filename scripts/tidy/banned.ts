/** What the language offers and this project does without. */
import { holdsTests, inRotator, isCode, isProduct, isTest, isTry } from './source.ts'
import type { FileRule, Remark, Source } from './source.ts'
import { child, children, importsOf, isMember, nameOf, syntaxOf } from './syntax.ts'
import type { Node, Syntax } from './syntax.ts'

/** Says what is wrong with one node, if anything is. */
type Objection = (node: Node, source: Source) => string | undefined

function rule(name: string, applies: (path: string) => boolean, objection: Objection): FileRule {
  return {
    name,
    check: (source) => {
      if (!isCode(source.path) || !applies(source.path)) return []
      const { nodes, lineOf } = syntaxOf(source)
      return nodes.flatMap((node): readonly Remark[] => {
        const message = objection(node, source)
        return message === undefined ? [] : [{ line: lineOf(node.start), message }]
      })
    },
  }
}

const everywhere = (): boolean => true

/** Configuration files of tools that want a default export. */
const TOOL_CONFIGS = /(^|\/)(vitest|vite|knip|stryker|playwright)(\.[a-z]+)*\.config\.[mt]?[jt]s$/

/** `any`, `enum`, `namespace`. */
export const types: FileRule = rule('types', everywhere, ({ type, ...node }) => {
  if (type === 'TSAnyKeyword') return 'any: say what it is, or unknown'
  if (type === 'TSEnumDeclaration') return 'enum: a union of literals does it'
  if (type === 'TSModuleDeclaration' && node['global'] !== true)
    return 'namespace: a module is one already'
  return undefined
})

/** No default exports, except where a tool demands one. */
export const defaultExports: FileRule = rule(
  'default-export',
  (path) => !TOOL_CONFIGS.test(path),
  (node) => {
    const asDefault =
      node.type === 'ExportSpecifier' && nameOf(child(node, 'exported')) === 'default'
    return node.type === 'ExportDefaultDeclaration' || asDefault
      ? 'default export: a name is the same wherever it is imported'
      : undefined
  },
)

/** No `value!` outside of tests. */
export const nonNull: FileRule = rule(
  'non-null',
  (path) => !isTest(path),
  (node) =>
    node.type === 'TSNonNullExpression' || node['definite'] === true
      ? 'non-null assertion: narrow it, or throw what is wrong'
      : undefined,
)

/** `domain` is pure: nothing there waits. */
export const asyncDomain: FileRule = rule(
  'pure-domain',
  (path) => inRotator(path)?.startsWith('domain/') === true && !isTest(path),
  (node) => {
    if (node.type === 'AwaitExpression' || node['await'] === true) return 'await in domain'
    return node['async'] === true ? 'async function in domain' : undefined
  },
)

const mayTouchTheWorld = (path: string): boolean =>
  !isProduct(path) ||
  /^(?:(?:adapters|cli)\/|lambda\/(?:\w+\/)?index\.ts$)/.test(inRotator(path) ?? '') ||
  OF_CLIENT.test(path)

/** What it reads credentials from, and the one file through which the rest of it has a clock. */
const OF_CLIENT = /^packages\/client\/src\/(?:sources\/|credentials\/surroundings\.ts$)/

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate'])

/** Time, randomness, environment and console come through ports. */
export const ambient: FileRule = rule(
  'ambient',
  (path) => !mayTouchTheWorld(path),
  (node) => {
    if (isMember(node, 'Date', 'now')) return 'Date.now: take the clock port'
    if (isMember(node, 'Math', 'random')) return 'Math.random: take the random port'
    if (isMember(node, 'process', 'env')) return 'process.env: config reads it, as a parameter'
    if (isMember(node, 'console')) return 'console: emit an event'
    const callee = child(node, 'callee')
    if (node.type === 'CallExpression' && TIMERS.has(nameOf(callee)))
      return `${nameOf(callee)}: take the clock port`
    const calls = node.type === 'CallExpression' || node.type === 'NewExpression'
    if (calls && callee?.type === 'Identifier' && nameOf(callee) === 'Date')
      return children(node, 'arguments').length === 0 ? 'Date(): take the clock port' : undefined
    return undefined
  },
)

/** Files of the core that cannot do without: each needs a reason here. */
const MAY_REVEAL: readonly string[] = [
  // The scrubber searches for secrets in what leaves the process, so it must know them.
  'packages/rotator/src/engine/secrets.ts',
]

const mayReveal = (path: string): boolean =>
  !isProduct(path) ||
  isTry(path) ||
  path.startsWith('packages/client/src/protocol/') ||
  path.startsWith('packages/client/src/drivers/') ||
  inRotator(path)?.startsWith('adapters/') === true ||
  MAY_REVEAL.includes(path)

/** `Sensitive.reveal` is used where a secret has to leave, and nowhere else. */
export const reveal: FileRule = rule(
  'reveal',
  (path) => !mayReveal(path),
  (node) =>
    node.type === 'MemberExpression' && nameOf(child(node, 'property')) === 'reveal'
      ? 'reveal: only adapters, drivers and the wire format may see a secret'
      : undefined,
)

const isLiteral = (node: Node | undefined, value: boolean): boolean =>
  node?.type === 'Literal' && node['value'] === value

const UNVERIFIED = ['NODE', 'TLS', 'REJECT', 'UNAUTHORIZED'].join('_')

/** Shells, unverified TLS, evaluated text. */
export const dangerous: FileRule = rule('dangerous', everywhere, (node) => {
  if (node.type === 'Property') {
    const key = nameOf(child(node, 'key'))
    const value = child(node, 'value')
    if (key === 'rejectUnauthorized' && isLiteral(value, false))
      return 'rejectUnauthorized: false: TLS is verified, always'
    if (key === 'shell' && !isLiteral(value, false)) return 'shell: pass arguments as a list'
  }
  if (nameOf(node) === UNVERIFIED) return `${UNVERIFIED}: TLS is verified, always`
  const callee = child(node, 'callee')
  if (callee?.type !== 'Identifier') return undefined
  if (nameOf(callee) === 'eval' || nameOf(callee) === 'Function') return 'evaluates text as code'
  return undefined
})

/** `exec` of `node:child_process` starts a shell. */
export const shells: FileRule = {
  name: 'shells',
  check: (source) =>
    isCode(source.path)
      ? importsOf(source)
          .filter(({ specifier }) => /^(node:)?child_process$/.test(specifier))
          .filter(({ names }) => names.some((name) => name === 'exec' || name === 'execSync'))
          .map(({ line }) => ({ line, message: 'exec starts a shell: use execFile or spawn' }))
      : [],
}

const PORTS = new Set(['adapter', 'store', 'database', 'db', 'runtime', 'dialect', 'driver'])

const asksWho = (node: Node | undefined): boolean =>
  node?.type === 'MemberExpression' &&
  ['name', 'kind'].includes(nameOf(child(node, 'property'))) &&
  PORTS.has(nameOf(child(node, 'object')))

/** The core asks a port what it supports, never who it is. */
export const adapterNames: FileRule = rule(
  'adapter-names',
  (path) => /^(engine|steps|domain)\//.test(inRotator(path) ?? '') && !isTest(path),
  (node) => {
    const compared =
      node.type === 'BinaryExpression' &&
      (asksWho(child(node, 'left')) || asksWho(child(node, 'right')))
    const switched = node.type === 'SwitchStatement' && asksWho(child(node, 'discriminant'))
    return compared || switched
      ? 'decides by the name of an adapter: ask what it supports'
      : undefined
  },
)

/** An error is swallowed only with a sentence that says why that is right. */
export const emptyCatch: FileRule = {
  name: 'empty-catch',
  check: (source) => {
    if (!isCode(source.path)) return []
    const syntax = syntaxOf(source)
    return syntax.nodes
      .filter((node) => node.type === 'CatchClause' && isSilent(node, syntax))
      .map((node) => ({
        line: syntax.lineOf(node.start),
        message: 'empty catch: say in a comment why nothing is to be done',
      }))
  },
}

function isSilent(node: Node, { comments }: Syntax): boolean {
  const body = child(node, 'body')
  if (!body || children(body, 'body').length > 0) return false
  return !comments.some(({ start, end }) => start >= body.start && end <= body.end)
}

const isBareFor = (node: Node): boolean =>
  node.type === 'ForStatement' &&
  ['init', 'test', 'update'].every((field) => child(node, field) === undefined)

/** Every loop has a bound or something that it counts. In tests the runner's limit is the bound. */
export const endless: FileRule = rule(
  'endless-loop',
  (path) => !holdsTests(path),
  (node) => {
    const loops = node.type === 'WhileStatement' || node.type === 'DoWhileStatement'
    return isBareFor(node) || (loops && isLiteral(child(node, 'test'), true))
      ? 'endless loop: give it a bound'
      : undefined
  },
)

/** Comments say why the code is so; what is to be done stands in the issues. */
export const notes: FileRule = {
  name: 'notes',
  check: (source) => {
    if (!isCode(source.path)) return []
    const { comments, lineOf } = syntaxOf(source)
    return comments
      .filter(({ value }) => /\b(TODO|FIXME|XXX)\b/.test(value))
      .map(({ start }) => ({ line: lineOf(start), message: 'a note to self: do it or file it' }))
  },
}
