;; Masking, RFC 6455 section 5.3, sixteen bytes at a time. `npm run wasm` makes masking-wasm.ts of it.
;;
;; mask(at, length, key): XORs memory[at, at + length) with the key, whose lowest byte meets the first of them.
;; Returns 0x80 when a result has that bit, else 0: then they are all ASCII.
;;
;; Four pages: scratch space, the buffer that sockets are read into, and two for the slab that frames are written to.
(module
  (memory (export "memory") 4 4)
  (func (export "mask") (param $at i32) (param $length i32) (param $key i32) (result i32)
    (local $end i32) (local $keys v128) (local $seen v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $tail i32) (local $byte i32)
    (local.set $keys (i32x4.splat (local.get $key)))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -64))))
    (block $done64
      (loop $next64
        (br_if $done64 (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store (local.get $at) (local.tee $a (v128.xor (v128.load (local.get $at)) (local.get $keys))))
        (v128.store offset=16 (local.get $at) (local.tee $b (v128.xor (v128.load offset=16 (local.get $at)) (local.get $keys))))
        (v128.store offset=32 (local.get $at) (local.tee $c (v128.xor (v128.load offset=32 (local.get $at)) (local.get $keys))))
        (v128.store offset=48 (local.get $at) (local.tee $d (v128.xor (v128.load offset=48 (local.get $at)) (local.get $keys))))
        (local.set $seen (v128.or (local.get $seen)
          (v128.or (v128.or (local.get $a) (local.get $b)) (v128.or (local.get $c) (local.get $d)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next64)))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const 48))))
    (block $done16
      (loop $next16
        (br_if $done16 (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store (local.get $at) (local.tee $a (v128.xor (v128.load (local.get $at)) (local.get $keys))))
        (local.set $seen (v128.or (local.get $seen) (local.get $a)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next16)))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const 15))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (i32.store8 (local.get $at)
          (local.tee $byte (i32.xor (i32.load8_u (local.get $at)) (i32.and (local.get $key) (i32.const 255)))))
        (local.set $tail (i32.or (local.get $tail) (local.get $byte)))
        (local.set $key (i32.rotr (local.get $key) (i32.const 8)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.and (i32.const 128)
      (i32.or (local.get $tail)
        (select (i32.const 128) (i32.const 0) (i8x16.bitmask (local.get $seen))))))
)
