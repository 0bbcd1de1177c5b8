#!/usr/bin/env node
// Plain JavaScript, so that a checkout that is not built yet can say so.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
// The command that is run most, and on its own: one file loads in half the time (scripts/bundle.mjs).
const check = new URL('../dist/check.mjs', import.meta.url)
const isThere = (url) => existsSync(fileURLToPath(url))

if (process.argv[2] === 'check' && isThere(check)) await import(check.href)
else if (isThere(main)) await import(main.href)
else {
  process.stderr.write(
    'evidence: not built yet; run "npm start" or "npm install && npm run build" in this folder first\n',
  )
  process.exitCode = 3
}
