/** What the ports of the rotator can be asked, read from their interfaces. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../lib/run.ts'
import { source } from '../tidy/source.ts'
import { child, children, nameOf, syntaxOf } from '../tidy/syntax.ts'
import type { Node } from '../tidy/syntax.ts'

const PORTS = 'packages/rotator/src/ports'

/** An interface of a port, as far as it makes external calls or holds what does. */
export interface Port {
  readonly name: string
  /** Methods that are given a `Call`, each with the interfaces that its answer names. */
  readonly methods: ReadonlyMap<string, readonly string[]>
  /** Properties, each with the interfaces that its type names. */
  readonly properties: ReadonlyMap<
    string,
    { readonly interfaces: readonly string[]; readonly list: boolean }
  >
  /** It is a connection that somebody has to end. */
  readonly ends: boolean
}

let known: ReadonlyMap<string, Port> | undefined

/** Every interface below `ports/`, by its name. */
export function ports(): ReadonlyMap<string, Port> {
  known ??= readPorts()
  return known
}

function readPorts(): ReadonlyMap<string, Port> {
  const files = readdirSync(join(ROOT, PORTS)).filter((name) => name.endsWith('.ts'))
  const found = files.flatMap((name) => {
    const path = `${PORTS}/${name}`
    const { nodes } = syntaxOf(source(path, readFileSync(join(ROOT, path), 'utf8')))
    return nodes.filter(({ type }) => type === 'TSInterfaceDeclaration').map(portOf)
  })
  return new Map(found.map((port) => [port.name, port]))
}

function portOf(node: Node): Port {
  const members = children(child(node, 'body'), 'body')
  const methods = members.filter((one) => one.type === 'TSMethodSignature' && takesCall(one))
  const properties = members.filter(({ type }) => type === 'TSPropertySignature')
  const heritage = children(node, 'extends').map((one) => nameOf(child(one, 'expression')))
  return {
    name: nameOf(child(node, 'id')),
    methods: new Map(methods.map((one) => [keyOf(one), typesIn(child(one, 'returnType'))])),
    properties: new Map(
      properties.map((one) => {
        const annotation = child(one, 'typeAnnotation')
        const list = within(annotation).some(({ type }) => type === 'TSArrayType')
        return [keyOf(one), { interfaces: typesIn(annotation), list }]
      }),
    ),
    ends: heritage.includes('AsyncDisposable'),
  }
}

function keyOf(member: Node): string {
  return nameOf(child(member, 'key'))
}

function takesCall(method: Node): boolean {
  return typesIn(children(method, 'params').at(-1)).includes('Call')
}

/** The names of all types that a type is made of. */
function typesIn(node: Node | undefined): readonly string[] {
  return within(node)
    .filter(({ type }) => type === 'TSTypeReference')
    .map((reference) => nameOf(child(reference, 'typeName')))
}

function within(node: Node | undefined): readonly Node[] {
  if (node === undefined) return []
  const below = Object.values(node).flatMap((value): readonly Node[] => {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value]
    return items.filter(isNode).flatMap(within)
  })
  return [node, ...below]
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/**
 * Every external call that can be made from a target, as a gate names it (`*` for the place in a
 * list), with the method it is: `configs.*.write` is `ConfigTarget.write`.
 */
export function portMethods(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  walk('Target', '', found)
  return found
}

function walk(name: string, path: string, found: Map<string, string>): void {
  const port = ports().get(name)
  if (port === undefined) return
  const at = (member: string): string => (path === '' ? member : `${path}.${member}`)
  for (const [method, answer] of port.methods) {
    found.set(at(method), `${name}.${method}`)
    for (const type of answer)
      if (ports().get(type)?.ends === true) walk(type, `${at(method)}()`, found)
  }
  for (const [property, { interfaces, list }] of port.properties)
    for (const type of interfaces) walk(type, at(property) + (list ? '.*' : ''), found)
}
