#!/usr/bin/env node
// In a checkout this runs the sources (Node strips the types); in an installed package it runs dist/.
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

const source = new URL('../src/cli/main.ts', import.meta.url)
if (existsSync(source)) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, 'cuedot-source'] }),
  })
  await import(source.href)
} else {
  await import(new URL('../dist/cli/main.js', import.meta.url).href)
}
