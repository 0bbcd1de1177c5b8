// `npm start`: installs, builds, makes a trial ledger where there is none, and serves it.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { build, install, root } from './setup.mjs'

install()
build()
process.argv.splice(2, 0, 'start')
await import(pathToFileURL(join(root, 'cli', 'evidence.mjs')).href)
