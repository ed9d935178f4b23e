import { library } from '../../scripts/toolchain/tsup.mjs';

export default library(['src/index.ts', 'src/redis.ts', 'src/fastify.ts', 'src/express.ts', 'src/hono.ts']);
