import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { KnownNames } from './known-names.ts'
import { makePrivateFolder } from './private-folder.ts'

/*
 * The data folders that commands of this user have made or served, in the user's own state folder. That a folder looks like a ledger's
 * shows nothing: the maker of an archive chose every file in it, its mode too, and the user who unpacks it owns them.
 */

function listPath(): string {
  const base = process.env['XDG_STATE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.local', 'state') : base, 'evidence', 'ledgers')
}

/** One line: the folder's real path, and the vkey that its policy names. A folder that is put in its place has another key. */
function nameOf(folder: string, vkey: string): string {
  return JSON.stringify([realpathSync(folder), vkey])
}

/** Notes that this user's command has made or served a data folder. Where the list cannot be written, nothing is noted. */
export function noteOwnLedger(folder: string, vkey: string): void {
  try {
    makePrivateFolder(dirname(listPath()))
    new KnownNames(listPath()).add(nameOf(folder, vkey))
  } catch {
    // Without a home the folder has to be named: --data or --policy.
  }
}

/** Whether a command of this user has made or served the data folder, under the key that its policy names now. */
export function isOwnLedger(folder: string, vkey: string): boolean {
  try {
    return new KnownNames(listPath()).has(nameOf(folder, vkey))
  } catch {
    return false
  }
}
