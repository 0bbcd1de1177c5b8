import { defined } from '../../src/core/objects.ts'
import type { FastifyInstance } from 'fastify'
import { installNativePrimitives } from '../../src/node/native.ts'
import { keepPrivate } from '../../src/node/private-folder.ts'
import { Witness } from '../../src/witness/witness.ts'
import { affordableConnections } from '../descriptors.ts'
import { listen } from '../listen.ts'
import { createWitnessApp, type WitnessAppOptions } from './app.ts'

export interface ServeWitnessOptions extends WitnessAppOptions {
  readonly dataDir: string
  readonly port: number
  readonly passphrase?: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface RunningWitness {
  readonly url: string
  readonly witness: Witness
  readonly close: () => Promise<void>
}

/** Connections that are served at once. */
const maxConnections = 1024

/** Opens a witness and serves it. Throws the codes of Witness.open, `port-in-use`, `descriptors-few`. */
export async function serveWitness(options: ServeWitnessOptions): Promise<RunningWitness> {
  const { dataDir, passphrase, now } = options
  installNativePrimitives()
  keepPrivate()
  let app: FastifyInstance | undefined
  const witness = Witness.open(dataDir, {
    ...defined({ passphrase, now }),
    onMisbehaviour: (origin, path) => app?.log.error({ origin, path }, 'a log misbehaved; the proof of it is kept'),
    onListFault: (error) => app?.log.error({ err: error }, 'the list of logs cannot be read; the one before holds'),
  })
  const close = async (): Promise<void> => {
    await app?.close()
    await witness.close()
  }
  try {
    app = createWitnessApp(witness, options, affordableConnections(maxConnections))
    const { url } = await listen(app, options)
    return { url, witness, close }
  } catch (error) {
    await close()
    throw error
  }
}
