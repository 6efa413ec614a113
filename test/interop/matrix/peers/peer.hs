{-# LANGUAGE OverloadedStrings #-}
-- Haskell's websockets, both roles: ghc -threaded peer.hs
module Main (main) where

import Control.Concurrent (forkIO, threadDelay)
import Control.Exception (SomeException, try)
import Control.Monad (forever, void)
import qualified Data.ByteString.Char8 as B
import qualified Data.ByteString.Lazy.Char8 as L
import qualified Data.Text.Encoding as T
import Network.Socket
import qualified Network.WebSockets as WS
import System.Environment (getArgs, lookupEnv)
import System.IO

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  arguments <- getArgs
  limit <- maybe 0 read <$> lookupEnv "LIMIT"
  names <- maybe [] (filter (not . B.null) . B.split ',' . B.pack) <$> lookupEnv "PROTOCOLS"
  let options =
        WS.defaultConnectionOptions
          { WS.connectionCompressionOptions = WS.PermessageDeflateCompression WS.defaultPermessageDeflate
          , WS.connectionMessageDataSizeLimit = WS.SizeLimit limit
          , WS.connectionFramePayloadSizeLimit = WS.SizeLimit limit
          , WS.connectionOnPong = return ()
          }
  case arguments of
    ("client" : url : _) -> forever $ do
      let port = takeWhile (/= '/') (drop (length ("ws://127.0.0.1:" :: String)) url)
          headers = [("Sec-WebSocket-Protocol", B.intercalate ", " names) | not (null names)]
      outcome <- try (WS.runClientWith "127.0.0.1" (read port) "/" options headers (talk ""))
      either (\failure -> const (threadDelay 200000) (failure :: SomeException)) return outcome
    _ -> do
      listener <- socket AF_INET Stream defaultProtocol
      bind listener (SockAddrInet 0 (tupleToHostAddress (127, 0, 0, 1)))
      listen listener 16
      port <- socketPort listener
      putStrLn ("port " ++ show port)
      forever $ do
        (connection, _) <- accept listener
        void . forkIO $ do
          outcome <- try (serve connection options names)
          either (\failure -> const (return ()) (failure :: SomeException)) return outcome
          close connection

serve :: Socket -> WS.ConnectionOptions -> [B.ByteString] -> IO ()
serve connection options names = do
  pending <- WS.makePendingConnection connection options
  let offered = WS.getRequestSubprotocols (WS.pendingRequest pending)
      chosen = filter (`elem` offered) names
      request = WS.defaultAcceptRequest {WS.acceptSubprotocol = if null chosen then Nothing else Just (head chosen)}
  opened <- WS.acceptRequestWith pending request
  talk (B.concat (take 1 chosen)) opened

talk :: B.ByteString -> WS.Connection -> IO ()
talk protocol connection = do
  outcome <- try (forever step)
  case outcome of
    Left (WS.CloseRequest code reason) -> putStrLn ("closed " ++ show code ++ " " ++ L.unpack reason)
    Left _ -> putStrLn "closed 1006"
    Right () -> return ()
 where
  step = do
    message <- WS.receiveDataMessage connection
    case message of
      WS.Binary bytes -> WS.sendBinaryData connection bytes
      WS.Text bytes _ -> obey bytes
  obey bytes
    | L.take 1 bytes /= "!" = WS.sendDataMessage connection (WS.Text bytes Nothing)
    | otherwise =
        let (command, rest) = L.break (== ' ') (L.drop 1 bytes)
            (code, reason) = L.break (== ' ') (L.drop 1 rest)
         in case command of
              "close" | L.null code -> WS.sendClose connection ("" :: L.ByteString)
              "close" -> WS.sendCloseCode connection (read (L.unpack code)) (L.drop 1 reason)
              "protocol" | not (B.null protocol) -> WS.sendTextData connection (T.decodeUtf8 protocol)
              _ -> WS.sendTextData connection ("can't" :: L.ByteString)
