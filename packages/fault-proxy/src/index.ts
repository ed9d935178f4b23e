export const kind = 'fault-proxy';
