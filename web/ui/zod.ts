import { config } from 'zod'

/** zod compiles its checks by `new Function` where it may; the content policy forbids that, and even trying is told to the console. */
config({ jitless: true })
