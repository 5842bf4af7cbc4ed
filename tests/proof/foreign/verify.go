// Checks a log with code that we did not write: golang.org/x/mod/sumdb/note and .../tlog do all signatures and hashing.
// Usage: verify DIR VKEY, where DIR/checkpoints/<size> are signed checkpoints and DIR/tile is the log's tiles.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
}

type reader struct{ dir string }

func (r reader) Height() int                          { return 8 }
func (r reader) SaveTiles(_ []tlog.Tile, _ [][]byte)  {}
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		// Go writes tile/8/<level>/..., C2SP leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(r.dir, path))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = s[at]
	}
	return out, nil
}

func entries(dir string, size int64) [][]byte {
	var out [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := int(size - n*256)
		if width > 256 {
			width = 256
		}
		path := strings.Replace(tlog.Tile{H: 8, L: -1, N: n, W: width}.Path(), "tile/8/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(dir, path))
		check(err)
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data)) + 2
			out = append(out, data[2:length])
			data = data[length:]
		}
	}
	return out
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	check(err)
	heads, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	check(err)
	trees := map[int64]tlog.Hash{}
	last := int64(0)
	for _, head := range heads {
		data, err := os.ReadFile(filepath.Join(dir, "checkpoints", head.Name()))
		check(err)
		opened, err := note.Open(data, note.VerifierList(verifier))
		check(err)
		lines := strings.Split(opened.Text, "\n")
		size, err := strconv.ParseInt(lines[1], 10, 64)
		check(err)
		root, err := base64.StdEncoding.DecodeString(lines[2])
		check(err)
		var hash tlog.Hash
		copy(hash[:], root)
		trees[size] = hash
		if size > last {
			last = size
		}
	}
	var hashes stored
	for i, entry := range entries(dir, last) {
		more, err := tlog.StoredHashes(int64(i), entry, hashes)
		check(err)
		hashes = append(hashes, more...)
	}
	proofs := 0
	for size, want := range trees {
		if size > 0 {
			got, err := tlog.TreeHash(size, hashes)
			check(err)
			if got != want {
				check(fmt.Errorf("root at size %d differs", size))
			}
			tree := tlog.Tree{N: size, Hash: want}
			through := tlog.TileHashReader(tree, reader{dir})
			index, old := size*7919%997%size, size/2+1
			record, err := tlog.ProveRecord(size, index, through)
			check(err)
			leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			check(err)
			check(tlog.CheckRecord(record, size, want, index, leaf[0]))
			growth, err := tlog.ProveTree(size, old, through)
			check(err)
			check(tlog.CheckTree(growth, size, want, old, trees[old]))
			proofs += 2
		}
	}
	fmt.Printf("OK: %d checkpoints, %d entries, %d proofs\n", len(trees), last, proofs)
}
