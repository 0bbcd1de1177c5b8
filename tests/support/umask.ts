import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/* Runs before each file of tests: a server that one of them ran in this process has left its umask here (src/node/private-folder.ts). */
process.umask(0o022)

/* Commands note the ledgers that they make (src/node/own-ledgers.ts): not in the folder of the user who runs the tests. */
process.env['XDG_STATE_HOME'] ??= mkdtempSync(join(tmpdir(), 'evidence-state-'))
process.env['XDG_CONFIG_HOME'] ??= mkdtempSync(join(tmpdir(), 'evidence-config-'))
