#!/usr/bin/env node
// Plain JavaScript, so that a checkout that is not built yet can say so.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(fileURLToPath(main))) {
  await import(main.href)
} else {
  process.stderr.write(
    'evidence: not built yet; run "npm start" or "npm install && npm run build" in this folder first\n',
  )
  process.exitCode = 3
}
