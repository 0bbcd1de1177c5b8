#!/usr/bin/env node
// Plain JavaScript, so that a checkout that is not built yet can say so.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
// All commands, joined into fewer files, which load in half the time (scripts/program.mjs).
const joined = new URL('../dist/run/main.js', import.meta.url)
// The command that is run most, and on its own: one file loads in half the time (scripts/bundle.mjs).
const check = new URL('../dist/check.mjs', import.meta.url)
const isThere = (url) => existsSync(fileURLToPath(url))

/** Whether the compiler wrote nothing since the files were joined: in a checkout, for what is installed is never compiled. */
function isCurrent() {
  const list = new URL('.current', joined)
  if (!isThere(list)) return true
  const timeOf = (url) => statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const since = timeOf(list)
  return readFileSync(list, 'utf8')
    .split('\n')
    .every((name) => name === '' || timeOf(new URL(name, joined)) <= since)
}

if (process.argv[2] === 'check' && isThere(check)) await import(check.href)
else if (isThere(joined) && isCurrent()) await import(joined.href)
else if (isThere(main)) await import(main.href)
else {
  process.stderr.write(
    'evidence: not built yet; run "npm start" or "npm install && npm run build" in this folder first\n',
  )
  process.exitCode = 3
}
