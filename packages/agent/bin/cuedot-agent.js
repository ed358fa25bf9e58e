#!/usr/bin/env node
// In a checkout this runs the sources (Node strips the types); in an installed package it runs dist/.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `cuedot-agent needs Node 22.18 or newer; this is ${process.version} (${process.execPath}).`,
  )
  process.exit(2)
}

const source = new URL('../src/main.ts', import.meta.url)
if (existsSync(source)) {
  const { registerHooks } = await import('node:module')
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, 'cuedot-source'] }),
  })
  await import(source.href)
} else {
  await import(new URL('../dist/main.js', import.meta.url).href)
}
