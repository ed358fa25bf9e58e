import { describe, expect, test } from 'vitest'
import { configJsonSchema } from './json-schema.ts'

describe('the JSON Schema', () => {
  test('says of every key what it is, and knows every key', () => {
    const silent: string[] = []
    let keys = 0
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const properties: unknown = 'properties' in node ? node.properties : undefined
      for (const [key, value] of Object.entries(properties ?? {})) {
        keys += 1
        if (!('description' in value)) silent.push(`${path}/${key}`)
      }
      if (
        properties !== undefined &&
        (!('additionalProperties' in node) || node.additionalProperties !== false)
      )
        silent.push(`${path} takes unknown keys`)
      for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`)
    }
    walk(configJsonSchema(), '')
    expect(silent).toEqual([])
    expect(keys).toBeGreaterThan(60)
  })
})
