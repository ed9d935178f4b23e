export const kind = 'pool';
